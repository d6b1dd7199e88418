#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Packs the chart into the file $1, as `helm package` does: without the entries of .helmignore, and with the files that
# links lead to. Unlike Helm's, the archive of the same tree has the same bytes: the time in it is the last commit's, or
# SOURCE_DATE_EPOCH.
set -eu
file=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -rL retprobe-exporter "$work/"
while read -r pattern; do
	# shellcheck disable=SC2086 # a pattern
	(cd "$work/retprobe-exporter" && rm -r $pattern)
done < retprobe-exporter/.helmignore
tar -c -C "$work" --sort=name --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" --owner=0 --group=0 \
	--numeric-owner --mode=u+w,go-w retprobe-exporter | gzip -9 -n > "$file"
