#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# `make archive`: build/dist/retprobe_exporter-VERSION.linux-ARCH.tar.gz, of the program that is built. It runs on any
# machine of that architecture, because its loader and libraries are beside it. Licences of the libraries are in
# lib/licences.
#
# The same program and libraries make the same archive, bit by bit. The time in it is the last commit's, or
# SOURCE_DATE_EPOCH.
set -eu
cd "$(dirname "$0")/../.."

case $(uname -m) in
x86_64) arch=amd64 triplet=x86_64-linux-gnu ;;
aarch64) arch=arm64 triplet=aarch64-linux-gnu ;;
*)
	echo "archive: no archive for $(uname -m); there is: x86_64 aarch64" >&2
	exit 1
	;;
esac
name=retprobe_exporter-$(cat VERSION).linux-$arch
dir=build/dist/$name
rm -rf "$dir"
mkdir -p "$dir/lib"

install -m 0755 build/retprobe_exporter "$dir/lib/retprobe_exporter"
strip "$dir/lib/retprobe_exporter"
loader=$(sh deploy/libraries.sh build/retprobe_exporter "$triplet" "$dir/lib" "$dir/lib/licences")
install -m 0755 "$loader" "$dir/lib/${loader##*/}"
${CC:-gcc} -static -O2 -Wall -Wextra -Werror -DLIBRARIES='"lib"' -DLOADER="\"${loader##*/}\"" -s \
	-o "$dir/retprobe_exporter" deploy/archive/launcher.c
install -m 0644 README.md LICENSE "$dir/"
cp -r deploy/presets "$dir/presets"
mkdir "$dir/dashboards"
cp dashboards/*.json dashboards/*.yaml "$dir/dashboards/"

time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || stat -c %Y VERSION)}
tar -c -C build/dist --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --mode=u+w,go-w "$name" |
	gzip -9 -n > "$dir.tar.gz.new"
mv "$dir.tar.gz.new" "$dir.tar.gz"
rm -rf "$dir"
echo "$dir.tar.gz"
