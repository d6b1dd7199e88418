# SPDX-License-Identifier: GPL-2.0-only
# Minimal systems of Debian's releases, kept as archives in the cache. Source this file after tests/apt.sh, whose
# requirements it shares. Needs root.
# shellcheck shell=bash disable=SC2154 # $temp is the sourcing script's

systems=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter/roots

systems__pack() { # systems__pack DIRECTORY ARCHIVE
	tar -c -C "$1" . > "$systems/$2.tar.new" && mv "$systems/$2.tar.new" "$systems/$2.tar"
}

systems__unpack() { # systems__unpack ARCHIVE DIRECTORY
	mkdir -p "$2" && tar -x -C "$2" -f "$systems/$1.tar"
}

# Makes the directory a minimal system of that release.
systems__make() { # systems__make CODENAME DIRECTORY
	local mirror
	if [ ! -s "$systems/$1.tar" ]; then
		mirror=$(mirror_candidates debian | head -n 1)
		mkdir -p "$systems"
		debootstrap --variant=minbase "$1" "$2" "$mirror" > "$temp/debootstrap.log" 2>&1 || die "debootstrap of $1"
		systems__pack "$2" "$1" || die "the archive of $1"
		return
	fi
	systems__unpack "$1" "$2" || die "unpacking $1"
}

# Runs a command in that system, in the place of this process. The mounts are in a namespace of their own, and end with
# the command.
systems__enter() { # systems__enter DIRECTORY PROGRAM ARGS...
	# shellcheck disable=SC2016 # the inner shell's own
	exec unshare --mount --propagation private sh -c 'root=$1
		shift
		mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" &&
			exec chroot "$root" "$@"' sh "$@"
}

# Prepares that system for its apt-get, which then starts no service.
systems__prepare_apt() { # systems__prepare_apt DIRECTORY
	printf '#!/bin/sh\nexit 101\n' > "$1/usr/sbin/policy-rc.d"
	chmod 0755 "$1/usr/sbin/policy-rc.d"
	cp /etc/resolv.conf "$1/etc/"
}
