# SPDX-License-Identifier: GPL-2.0-only
# Compiling for one of the delivered architectures, with Debian's compilers and libraries. On this machine's own
# architecture too, so that each artefact is made in the same way.
#
# Source this in the tree's top, with $arch set to the architecture in Debian's words.
# shellcheck shell=sh disable=SC2034,SC2154 # set and used where it is sourced

case $arch in
amd64) triplet=x86_64-linux-gnu bpf_arch=x86 ;;
arm64) triplet=aarch64-linux-gnu bpf_arch=arm64 ;;
*)
	echo "target: no build for architecture $arch; there is: amd64 arm64" >&2
	exit 1
	;;
esac

# Into build/. No debug information (-g): strip would remove it.
compile() { # compile REVISION
	PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig make -s -j "$(nproc)" CC="$triplet-gcc" \
		ARCH="$bpf_arch" REVISION="$1" CFLAGS="-O2 -ffile-prefix-map=$PWD=."
}
