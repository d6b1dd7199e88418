#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Provides Prometheus 3 for tests: the prometheus and promtool packages of Debian's next release, unpacked in
# the cache, not installed.
#
#	prometheus3.sh			ensure it; silent when cached
#	prometheus3.sh --path		ensure it and print its directory: prometheus, promtool, version
#
# tests/apt.sh has the source of the packages. On Ubuntu, KERNEL_MIRROR=URI names a Debian mirror.
set -eu

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter
directory=$cache/prometheus3
arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
work=$cache/.fetch-prometheus3
# The first release that has it.
suites='testing unstable'
. "$(dirname "$0")/apt.sh"

die() {
	echo "prometheus3: $*" >&2
	exit 1
}

say() {
	echo "prometheus3: $*" >&2
}

# Fetches both packages from suite $1 of mirror $2 with options $3.
fetch_from() {
	state=$work/apt
	rm -rf "$state"
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/deb"
	echo "deb [arch=$arch target=Packages $3] $2 $1 main" > "$state/sources.list"
	private_apt "$state" apt-get update -o APT::Update::Error-Mode=any >> "$work/apt.log" 2>&1 ||
		return 1
	version=$(private_apt "$state" apt-cache show prometheus 2>> "$work/apt.log" |
		sed -n 's/^Version: \(3\..*\)/\1/p' | head -n 1)
	if [ -z "$version" ]; then
		echo "no prometheus 3 in suite $1" >> "$work/apt.log"
		return 1
	fi
	say "fetching prometheus $version"
	(cd "$state/deb" && private_apt "$state" apt-get download "prometheus=$version" \
		"promtool=$version") >> "$work/apt.log" 2>&1
}

fetch() {
	if [ -n "${KERNEL_MIRROR:-}" ]; then
		debian_keyring_option > "$work/options"
		echo "$KERNEL_MIRROR" > "$work/mirrors"
	elif [ "$(host_distribution)" = debian ]; then
		mirror_candidates debian > "$work/mirrors"
	else
		die "no package of Prometheus 3 is known for this distribution;" \
			"KERNEL_MIRROR=URI names a mirror of Debian's"
	fi
	say "looking for prometheus 3"
	while read -r mirror; do
		[ -n "${KERNEL_MIRROR:-}" ] || source_options "$mirror" > "$work/options"
		for suite in $suites; do
			! fetch_from "$suite" "$mirror" "$(paste -s -d ' ' "$work/options")" || return 0
		done
	done < "$work/mirrors"
	[ ! -s "$work/apt.log" ] || sed 's/^/    /' "$work/apt.log" >&2
	die "no prometheus 3 in the suites $suites of this machine's package sources"
}

unpack() {
	for package in "$work"/apt/deb/*.deb; do
		dpkg -x "$package" "$work/root"
	done
	mkdir "$work/new"
	mv "$work/root/usr/bin/prometheus" "$work/root/usr/bin/promtool" "$work/new/"
	# A binary for a newer C library does not run here.
	"$work/new/prometheus" --version > "$work/version" 2>&1 ||
		die "it does not run here: $(head -n 1 "$work/version")"
	sed -n '1s/^prometheus, version \([0-9.]*\).*/\1/p' "$work/version" > "$work/new/version"
	(cd "$work/new" && sha256sum prometheus promtool version > stamp)
	rm -rf "${directory:?}"
	mv "$work/new" "$directory"
}

is_good() {
	[ -s "$directory/stamp" ] &&
		(cd "$directory" && sha256sum --check --status --strict stamp 2> /dev/null)
}

case "${1:-}" in
'' | --path) ;;
*) die "usage: prometheus3.sh [--path]" ;;
esac
if ! is_good; then
	mkdir -p "$cache"
	exec 9> "$cache/prometheus3.lock"
	flock 9
	if ! is_good; then
		rm -rf "$work"
		mkdir "$work"
		trap 'rm -rf "$work"' EXIT
		trap 'exit 129' HUP INT TERM
		fetch
		unpack
	fi
fi
[ -z "${1:-}" ] || echo "$directory"
