#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in the image's first stage: installs what compiling for the architecture $1, in Debian's words, takes.
set -eu
export DEBIAN_FRONTEND=noninteractive

here=$(dpkg --print-architecture)
libraries='libbpf-dev libelf-dev libdw-dev libdeflate-dev liblzma-dev libiberty-dev libmicrohttpd-dev libyaml-dev libseccomp-dev
	libgnutls28-dev libcrypt-dev libc6-dev'
[ "$1" != amd64 ] || libraries="$libraries libzydis-dev"
compiler=gcc
if [ "$1" != "$here" ]; then
	dpkg --add-architecture "$1"
	case $1 in
	amd64) compiler=gcc-x86-64-linux-gnu ;;
	arm64) compiler=gcc-aarch64-linux-gnu ;;
	esac
fi
bpftool=bpftool
# See deploy/deps.sh.
! grep -q '^ID=ubuntu' /etc/os-release || bpftool='linux-tools-common linux-tools-generic'
apt-get update -qq -o Acquire::Retries=5
# shellcheck disable=SC2046,SC2086 # lists of package names
apt-get install -y -qq --no-install-recommends -o Acquire::Retries=5 -o Dpkg::Options::=--force-unsafe-io \
	make pkg-config clang llvm $bpftool $compiler \
	$(printf "%s:$1 " $libraries)
apt-get clean
