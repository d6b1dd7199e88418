#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Provides a root file system for guests that cannot have this machine's: packages of this machine's release for an
# architecture, unpacked. None is configured, because that would run programs of that architecture.
#
#	root.sh ARCHITECTURE	ensure it and print its directory
set -eu

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter
arch=${1:-}
. "$(dirname "$0")/../apt.sh"

# What the tests of a guest run, and the packages whose libraries the exporter is linked with.
programs='base-files bash busybox-static coreutils curl dash diffutils findutils grep kmod mawk mount procps sed util-linux'
libraries='libbpf-dev libelf-dev libdw-dev libdeflate-dev liblzma-dev libmicrohttpd-dev libgnutls28-dev libcrypt-dev
	libyaml-dev libseccomp-dev'
[ "$arch" != amd64 ] || libraries="$libraries libzydis-dev"

die() {
	echo "root: $*" >&2
	exit 1
}

fetch_from() { # fetch_from MIRROR OPTIONS
	state=$work/apt
	rm -rf "$state"
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	echo "deb [arch=$arch target=Packages $2] $1 $(os_field VERSION_CODENAME) main" > "$state/sources.list"
	private_apt "$state" apt-get update -o APT::Update::Error-Mode=any || return 1
	# shellcheck disable=SC2086 # lists of package names
	needed=$(private_apt "$state" apt-cache depends --no-recommends --no-suggests $libraries |
		sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p' | grep -v -e '-dev$' | sort -u)
	# shellcheck disable=SC2086
	private_apt "$state" apt-get install -y --download-only --no-install-recommends $programs $needed
}

unpack() { # unpack DIRECTORY
	mkdir -p "$1"
	for package in "$work"/apt/cache/archives/*.deb; do
		dpkg -x "$package" "$1"
	done
	mkdir -p "$1/proc" "$1/sys" "$1/dev" "$1/run" "$1/tmp" "$1/root" "$1/lib/modules"
	[ -e "$1/usr/bin/awk" ] || ln -s mawk "$1/usr/bin/awk"
	printf '%s\n' root:x:0:0:root:/root:/bin/bash nobody:x:65534:65534:nobody:/:/usr/sbin/nologin > "$1/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: > "$1/etc/group"
}

[ -n "$arch" ] || die "usage: root.sh ARCHITECTURE"
[ "$(host_distribution)" = debian ] || die "Debian's mirrors have the packages of all architectures, others do not"
key=$({ os_field VERSION_CODENAME; cat "$0"; } | sha256sum | cut -c 1-16)
root=$cache/roots/$arch-$key
mkdir -p "$cache/roots"
exec 9> "$cache/roots/$arch.lock"
flock 9
if [ ! -d "$root" ]; then
	work=$cache/roots/.fetch-$arch
	rm -rf "$work"
	mkdir "$work"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 129' HUP INT TERM
	mirror_candidates debian > "$work/mirrors"
	fetched=
	while read -r mirror; do
		source_options "$mirror" > "$work/options"
		if fetch_from "$mirror" "$(paste -s -d ' ' "$work/options")" >> "$work/log" 2>&1; then
			fetched=yes
			break
		fi
	done < "$work/mirrors"
	[ -n "$fetched" ] || {
		sed 's/^/    /' "$work/log" >&2
		die "no root file system for $arch from this machine's package sources"
	}
	unpack "$work/root"
	rm -rf "$cache/roots/$arch"-*
	mv "$work/root" "$root"
fi
echo "$root"
