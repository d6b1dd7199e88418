#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Attaches every function of every preset, by default on the oldest and the newest kernel of the matrix, two guests at a
# time. `make check-kernels` has the others. Where functions are attached one by one, those of modules are only
# registered with the kernel. Each guest has one CPU: hundreds of functions are patched, and a single CPU never runs stale
# code (guest.sh).
#
#	presets.sh [SERIES...]
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Built-in ones need no loading. The check detects missing ones.
modules="ext4 xfs btrfs fuse overlay nfs nfsv3 nfsv4 nfsd cifs kvm nvme scsi_mod sd_mod dm_mod dm_crypt
	md_mod raid1 nf_conntrack"

# Unpacks these modules and their dependencies, as a directory for modprobe -d. An emulated CPU takes ten seconds
# for them.
unpack() { # unpack SERIES DIRECTORY
	local kernel release file target
	kernel=$(tests/vm/kernels.sh --path "$1") && release=$(cat "$kernel/version") || return 1
	rm -rf "$2"
	mkdir -p "$2/lib/modules/$release" && cp "$kernel/lib/modules/$release"/modules.* "$2/lib/modules/$release" || return 1
	for module in $modules; do
		modprobe -d "$kernel" -S "$release" -q --show-depends "$module"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
		target=$2${file#"$kernel"}
		mkdir -p "${target%/*}"
		case $file in
		*.xz) xz -dc "$file" > "${target%.xz}" ;;
		*.zst) zstd -dcq "$file" > "${target%.zst}" ;;
		*.gz) gzip -dc "$file" > "${target%.gz}" ;;
		*) cp "$file" "$target" ;;
		esac
	done
	depmod -b "$2" "$release"
}

one() { # one SERIES
	local out=$work/$1 code unpacked=build/modules/$1
	unpack "$1" "$unpacked" > "$out.unpacked" 2>&1 || echo "not ok presets $1: $(tail -n 1 "$out.unpacked")"
	# shellcheck disable=SC2086 # words
	tests/vm/guest.sh -r -k "$1" -c 1 -o "$out" -t 1800 -- tests/vm/presets_guest.sh "$unpacked" $modules \
		> "$out.log" 2>&1
	code=$?
	{
		grep '^guest: the emulator' "$out.log"
		if [ $code -ne 0 ]; then
			echo "not ok presets $1: exit $code"
			tail -20 "$out.log"
		fi
		python3 -B tests/vm/presets_check.py "$1" "$out"
	} > "$out.verdicts" 2>&1
}

export -f one unpack
export work modules
[ $# -gt 0 ] || set -- 5.10 7
tests/vm/kernels.sh "$@" || exit 1
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'one {}'
for series; do
	cat "$work/$series.verdicts"
done
