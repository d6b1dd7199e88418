#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Cross-compiles the exporter and the programs of guest tests for arm64 into build/arm64/, in the container that
# compiles the image (deploy/container). guest.sh shows it to guests of that architecture as build/. Needs root.
#
#	cross.sh [TARGET...]	of the Makefile, without build/arm64/
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2034 # storage__open makes it
work=''
. tests/deploy/storage.sh
# Nothing can be skipped: whoever wants this has asked for it.
skip() {
	echo "cross: $*" >&2
	exit 1
}
storage__open

[ $# -gt 0 ] || set -- retprobe_exporter small/retprobe_exporter workload client postgres shop \
	bench_calls bench_empty bench_many bench_pattern bench_patterns.bpf.o
packages=$(deploy/container/build.sh -a arm64 -p) || exit 1
container=$(buildah from --pull=never "$packages")
# The container image does not need this; the tests do.
buildah run "$container" -- sh -ec 'apt-get update -qq -o Acquire::Retries=5 &&
	apt-get install -y -qq --no-install-recommends -o Acquire::Retries=5 systemtap-sdt-dev:arm64' > /dev/null || exit 1
mkdir -p build/arm64
# Like Debian 13's packages, programs sign their return addresses and mark where jumps may go.
# A mount namespace of its own: when the container is removed, this tree must not be mounted in it.
unshare --mount buildah run -v "$PWD:/src" "$container" -- sh -ec "cd /src &&
	PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig make -s -j2 B=build/arm64 \
		CC=aarch64-linux-gnu-gcc CFLAGS='-O2 -mbranch-protection=standard' ARCH=arm64 REVISION=$(git rev-parse --short HEAD) $(printf 'build/arm64/%s ' "$@")" ||
	skip "the programs for arm64 were not built"
