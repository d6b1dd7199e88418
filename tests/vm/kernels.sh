#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Provides distribution kernels for test guests.
#
#	kernels.sh [SERIES...]		ensure these series, or the whole matrix; silent when cached
#	kernels.sh --path SERIES	ensure it and print its directory
#	kernels.sh --list		print the matrix of this machine, one series per line
#	kernels.sh --others		print the series that are not in the matrix
#	kernels.sh --default		print the default series
#
# A series is a version, with -rt or -cloud for that flavour, and with -arm64 for that architecture. -nobtf is made
# from the kernel of that version: it has no BTF.
#
# A kernel is the newest package of its series in the suite from the table below. tests/apt.sh finds it. No
# package is installed, and no download host is written here. KERNEL_MIRROR=URI takes Debian's kernels from
# that mirror instead; on Ubuntu it adds them.
#
# The cache has SERIES/{vmlinuz,vmlinux,version,lib/modules/VERSION/} and SERIES/stamp, the checksums of all
# files that a boot needs. A directory whose stamp does not match is fetched again. vmlinux is the unpacked
# kernel, if QEMU can start it directly (PVH). In an emulated guest this saves several seconds of unpacking.
set -eu

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter
kernels=$cache/kernels
arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
. "$(dirname "$0")/../apt.sh"

# distribution, series, suite, flavour, and whether `make test` uses it
table() {
	cat <<-END
	debian 5.10 bullseye $arch matrix
	debian 6.1 bookworm $arch matrix
	debian 6.12 trixie $arch matrix
	debian 7 trixie-backports $arch matrix
	ubuntu 5.15 jammy generic matrix
	ubuntu 6.8 noble generic matrix
	ubuntu 6 noble-updates generic matrix
	debian 6.18 trixie-backports $arch other
	debian 6.1-rt bookworm rt-$arch other
	debian 6.12-rt trixie rt-$arch other
	debian 7-rt trixie-backports rt-$arch other
	debian 6.1-cloud bookworm cloud-$arch other
	debian 6.12-cloud trixie cloud-$arch other
	debian 7-cloud trixie-backports cloud-$arch other
	debian 6.12-nobtf trixie $arch other
	debian 6.1-arm64 bookworm arm64 other
	debian 6.12-arm64 trixie arm64 other
	debian 7-arm64 trixie-backports arm64 other
	END
}

table_row() {
	table | awk -v series="$1" '$2 == series'
}

die() {
	echo "kernels: $*" >&2
	exit 1
}

say() {
	echo "kernels: $*" >&2
}

available_series() { # available_series matrix|other
	host=$(host_distribution)
	table | while read -r distribution series _ _ use; do
		if [ "$use" = "$1" ] && { [ "$distribution" = "$host" ] ||
			{ [ "$distribution" = debian ] && [ -n "${KERNEL_MIRROR:-}" ]; }; }; then
			echo "$series"
		fi
	done
}

# 6.12 if available, because it has all mechanisms but the newest; else the newest.
default_series() {
	available_series matrix | awk '{ last = $0 } $0 == "6.12" { exit } END { print last }'
}

# ---- choose, fetch and unpack ----------------------------------------------------------------

# The packages of the newest kernel of series $2, flavour $3, that the state $1 knows.
choose_packages() {
	private_apt "$1" apt-cache pkgnames linux- > "$work/names"
	escaped=$(echo "${2%%-*}" | sed 's/\./\\./g')
	release=$(sed -n "s/^linux-image-\($escaped\.[0-9a-z.+~-]*-$3\)\$/\1/p" "$work/names" |
		grep -v -E -e "-(cloud|rt)-$3\$" | sort -V | tail -n 1) || true
	[ -n "$release" ] || return 1
	for part in image binary modules; do
		grep -x -F "linux-$part-$release" "$work/names" || true
	done
}

# Fetches the chosen packages for series $1, suite $2, flavour $3 from the mirror $4 with options $5.
fetch_from() {
	state=$work/apt
	rm -rf "$state"
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/deb"
	echo "deb [arch=$arch target=Packages $5] $4 $2 main" > "$state/sources.list"
	if ! private_apt "$state" apt-get update -o APT::Update::Error-Mode=any \
		>> "$work/apt.log" 2>&1; then
		return 1
	fi
	packages=$(choose_packages "$state" "$1" "$3") || {
		echo "no linux-image-$1.*-$3 in suite $2" >> "$work/apt.log"
		return 1
	}
	say "fetching $(echo "$packages" | paste -s -d ' ')"
	# shellcheck disable=SC2086 # a list of package names
	(cd "$state/deb" && private_apt "$state" apt-get download $packages) >> "$work/apt.log" 2>&1
}

# Brings the unpacked packages under $1 into the layout of the cache, in $2.
lay_out() {
	mkdir -p "$2/lib/modules"
	for modules in "$1"/usr/lib/modules/* "$1"/lib/modules/*; do
		[ -d "$modules/kernel" ] || continue
		version=${modules##*/}
		mv "$modules" "$2/lib/modules/$version"
	done
	[ -n "${version:-}" ] || return 1
	for image in "$1/boot/vmlinuz-$version" "$2/lib/modules/$version/vmlinuz"; do
		[ -f "$image" ] && mv "$image" "$2/vmlinuz"
	done
	[ -s "$2/vmlinuz" ] || return 1
	chmod 0644 "$2/vmlinuz"
	rm -f "$2/lib/modules/$version/build" "$2/lib/modules/$version/source"
	echo "$version" > "$2/version"
	if [ ! -s "$2/lib/modules/$version/modules.dep" ]; then
		if command -v depmod > /dev/null; then
			depmod -b "$2" "$version" 2> "$work/depmod.log"
		else
			(cd "$2/lib/modules/$version" && busybox depmod -b "$2" "$version" 2> "$work/depmod.log")
		fi
	fi
	[ -s "$2/lib/modules/$version/modules.dep" ]
}

unpack() { # unpack FILE: decompresses it to stdout by what it begins with
	case $(od -A n -t x1 -N 4 "$1" | tr -d ' ') in
	fd377a58) xz -dc "$1" ;;
	28b52ffd) zstd -dcq "$1" ;;
	1f8b*) gzip -dc "$1" ;;
	04224d18 | 02214c18) lz4 -dcq "$1" ;;
	*) false ;;
	esac
}

# Unpacks the image $1 into $2 if QEMU cannot start it, or starts the unpacked one faster.
unpack_image() {
	case $arch in
	amd64) unpack_bzimage "$1" "$2" ;;
	arm64) unpack_efi_image "$1" "$2" ;;
	esac
	rm -f "$2.payload"
}

# An EFI program that unpacks the kernel: "zimg", the payload's offset and its length follow "MZ" (Linux,
# drivers/firmware/efi/libstub/zboot-header.S).
unpack_efi_image() {
	[ "$(od -A n -t c -j 4 -N 4 "$1" | tr -d ' ')" = zimg ] || return 0
	offset=$(od -A n -t u4 -j 8 -N 4 "$1" | tr -d ' ')
	length=$(od -A n -t u4 -j 12 -N 4 "$1" | tr -d ' ')
	tail -c "+$((offset + 1))" "$1" | head -c "$length" > "$2.payload"
	unpack "$2.payload" > "$2" || die "$1 is packed in a way that is not known here"
}

# Keeps it only if it has a PVH entry point. The offsets are from the x86 boot protocol: setup_sects,
# payload_offset, payload_length.
unpack_bzimage() {
	command -v readelf > /dev/null || return 0
	sectors=$(od -A n -t u1 -j 497 -N 1 "$1" | tr -d ' ')
	offset=$(od -A n -t u4 -j 584 -N 4 "$1" | tr -d ' ')
	length=$(od -A n -t u4 -j 588 -N 4 "$1" | tr -d ' ')
	[ "$sectors" -ne 0 ] || sectors=4
	# The last four bytes of the payload are its unpacked size, which is not part of the archive.
	tail -c "+$(((sectors + 1) * 512 + offset + 1))" "$1" | head -c "$((length - 4))" > "$2.payload"
	if ! unpack "$2.payload" > "$2" 2> /dev/null ||
		! readelf -n "$2" 2> /dev/null | grep -q 'Xen.*0x00000012'; then
		rm -f "$2"
	fi
}

# The files that a boot reads. guest.sh takes its modules from these.
write_stamp() {
	(cd "$1" && find vmlinuz version lib/modules -type f \( -path 'vmlinu?' -o -path version \
		-o -name modules.dep -o -path '*/9p/*' -o -path '*/overlayfs/*' \
		-o -name 'virtio*' -o -name '*netfs*' -o -name '*fscache*' -o -name '*failover*' \) \
		-exec sha256sum {} + > stamp.new && mv stamp.new stamp)
}

is_good() {
	[ -s "$1/stamp" ] && (cd "$1" && sha256sum --check --status --strict stamp 2> /dev/null)
}

remove_btf() { # remove_btf SERIES: into the cache as SERIES-nobtf
	sh "$0" "$1"
	cp -al "$kernels/$1" "$work/kernel"
	rm -f "$work/kernel/vmlinux" "$work/kernel/stamp" "$work/kernel"/initramfs-*
	cp "$kernels/$1/vmlinux" "$work/kernel/vmlinux"
	python3 "$(dirname "$0")/no_btf.py" "$work/kernel/vmlinux" || die "kernel $1 keeps its BTF"
	write_stamp "$work/kernel"
	rm -rf "${kernels:?}/$1-nobtf"
	mv "$work/kernel" "$kernels/$1-nobtf"
}

fetch() {
	series=$1
	case $series in
	*-nobtf)
		remove_btf "${series%-nobtf}"
		return
		;;
	esac
	row=$(table_row "$series")
	# shellcheck disable=SC2086 # the fields of one row
	set -- $row
	distribution=$1 suite=$3 flavour=$4
	case $series in
	*-arm64) arch=arm64 ;;
	esac

	for tool in apt-get apt-cache dpkg sha256sum; do
		command -v "$tool" > /dev/null ||
			die "$tool is needed to fetch kernel $series and is not here"
	done
	command -v depmod > /dev/null || command -v busybox > /dev/null ||
		die "depmod is needed to unpack kernel $series: run make deps"

	if [ "$distribution" = debian ] && [ -n "${KERNEL_MIRROR:-}" ]; then
		debian_keyring_option > "$work/options"
		echo "$KERNEL_MIRROR" > "$work/mirrors"
	elif [ "$distribution" = "$(host_distribution)" ]; then
		mirror_candidates "$distribution" > "$work/mirrors"
		[ -s "$work/mirrors" ] ||
			die "apt's configuration names no mirror of $distribution;" \
				"KERNEL_MIRROR=URI names one that has kernel $series"
	else
		die "kernel $series is $distribution's; KERNEL_MIRROR=URI names a mirror that has it"
	fi

	say "looking for kernel $series in $distribution's $suite"
	fetched=
	while read -r mirror; do
		[ -n "${KERNEL_MIRROR:-}" ] || source_options "$mirror" > "$work/options"
		if fetch_from "$series" "$suite" "$flavour" "$mirror" \
			"$(paste -s -d ' ' "$work/options")"; then
			fetched=yes
			break
		fi
	done < "$work/mirrors"
	if [ -z "$fetched" ]; then
		[ ! -s "$work/apt.log" ] || sed 's/^/    /' "$work/apt.log" >&2
		die "no kernel $series in suite $suite of this machine's package sources;" \
			"KERNEL_MIRROR=URI names a mirror that has it"
	fi

	say "unpacking kernel $series"
	mkdir "$work/root"
	for package in "$work"/apt/deb/*.deb; do
		dpkg -x "$package" "$work/root"
		rm -f "$package"
	done
	lay_out "$work/root" "$work/kernel" || die "the packages of kernel $series have no kernel in" \
		"a place that is known here: $(cd "$work" && find root -name 'vmlinu*' | paste -s -d ' ')"
	unpack_image "$work/kernel/vmlinuz" "$work/kernel/vmlinux"
	write_stamp "$work/kernel"
	rm -rf "${kernels:?}/$series"
	mv "$work/kernel" "$kernels/$series"
}

ensure() {
	[ -n "$(table_row "$1")" ] || die "no kernel series \"$1\"; there is:" \
		"$({ available_series matrix; available_series other; } | paste -s -d ' ')"
	! is_good "$kernels/$1" || return 0
	mkdir -p "$kernels"
	# Two suites can request the same kernel at once. The second one waits.
	exec 9> "$kernels/$1.lock"
	flock 9
	if ! is_good "$kernels/$1"; then
		work=$kernels/.fetch-$1
		rm -rf "$work"
		mkdir "$work"
		trap 'rm -rf "$work"' EXIT
		trap 'exit 129' HUP INT TERM
		fetch "$1"
		rm -rf "$work"
	fi
	exec 9>&-
}

case "${1:-}" in
--list)
	available_series matrix
	;;
--others)
	available_series other
	;;
--default)
	default_series
	;;
--path)
	[ $# -eq 2 ] || die "usage: kernels.sh --path SERIES"
	ensure "$2"
	echo "$kernels/$2"
	;;
-*)
	die "usage: kernels.sh [SERIES...] | --path SERIES | --list | --others | --default"
	;;
*)
	[ $# -gt 0 ] || {
		# shellcheck disable=SC2046 # one series a word
		set -- $(available_series matrix)
		[ $# -gt 0 ] || die "no kernels are known for this distribution: see tests/vm/kernels.sh"
	}
	for series; do
		ensure "$series"
	done
	;;
esac
