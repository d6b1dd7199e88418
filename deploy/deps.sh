#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what building, testing and `make run` need, and only what is missing of it. Debian 12,
# Debian 13 and Ubuntu 24.04; elsewhere it checks for the same things and says what is missing.
set -eu

# What each is for: compilers; libraries; the test guests; the tests.
packages='gcc libc6-dev binutils make pkg-config clang llvm libclang-rt-dev
	libbpf-dev libelf-dev libdw-dev libdeflate-dev liblzma-dev libiberty-dev libmicrohttpd-dev libgnutls28-dev libcrypt-dev libyaml-dev
	libseccomp-dev libcmocka-dev
	busybox-static cpio kmod procps util-linux xz-utils zstd
	buildah crun debootstrap python3-yaml
	systemd debhelper dpkg-dev lintian
	curl jq openssl python3 python3-prometheus-client protobuf-compiler prometheus shellcheck
	clang-format man-db'

# The same, as commands and pkg-config modules, for distributions with other package names.
commands='gcc readelf make pkg-config clang llvm-strip bpftool busybox cpio depmod flock pgrep xz zstd curl
	jq openssl python3 protoc prometheus promtool shellcheck clang-format'
modules='libbpf libelf libdw libdeflate liblzma libmicrohttpd gnutls libcrypt yaml-0.1 libseccomp cmocka'

say() {
	echo "deps: $*"
}

die() {
	echo "deps: $*" >&2
	exit 1
}

os_field() {
	sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" /etc/os-release 2>/dev/null | head -n 1
}

qemu_command() {
	echo "qemu-system-$(uname -m)"
}

check_elsewhere() {
	missing=
	for command in $commands "$(qemu_command)"; do
		command -v "$command" > /dev/null || missing="$missing $command"
	done
	[ "$(uname -m)" != x86_64 ] ||
		echo '#include <Zydis/Zydis.h>' | cc -x c -fsyntax-only - 2> /dev/null ||
		missing="$missing Zydis(library)"
	echo '#include <libiberty/demangle.h>' | cc -x c -fsyntax-only - 2> /dev/null ||
		missing="$missing libiberty(library)"
	for module in $modules; do
		pkg-config --exists "$module" 2> /dev/null || missing="$missing $module(library)"
	done
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -fsanitize=fuzzer,address -x c -o /dev/null - 2> /dev/null ||
		missing="$missing compiler-rt(clang's)"
	if [ -n "$missing" ]; then
		die "this is $(os_field PRETTY_NAME), not Debian 12, Debian 13 or Ubuntu 24.04:" \
			"please install yourself:$missing"
	fi
	say "this is $(os_field PRETTY_NAME), and everything needed is here"
}

# The machine emulator, bpftool and Chromium go by different names; the decoder is for x86-64 only. Any Go does (tests/deploy/kubernetes.sh), so
# one that did not come as a package is kept.
distribution_packages() {
	command -v go > /dev/null || echo golang-go
	case $(uname -m) in
	aarch64) echo qemu-system-arm ;;
	*) echo qemu-system-x86 libzydis-dev ;;
	esac
	# Ubuntu 24.04 ships bpftool only with the tools of a kernel.
	case $1 in
	ubuntu) echo linux-tools-common linux-tools-generic ;;
	# Chromium is a snap on Ubuntu, which containers cannot have: the page's test is skipped there.
	*) echo bpftool chromium chromium-driver ;;
	esac
}

missing_packages() {
	for package; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) || status=
		[ "$status" = installed ] || echo "$package"
	done
}

# Packages that bring a service start it. The tests want the programs only: nothing may be started
# while we install, and a Prometheus that came by us is not to start at the next boot either.
install_packages() {
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' > "$policy"
		chmod 0755 "$policy"
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
		trap 'exit 130' HUP INT TERM
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends -o Acquire::Retries=5 "$@"
	case " $* " in
	*" prometheus "*)
		# Not systemctl: a container may be without one now and have one later.
		deb-systemd-helper disable prometheus.service > /dev/null 2>&1 || true
		update-rc.d prometheus disable > /dev/null 2>&1 || true
		;;
	esac
}

case $(os_field ID):$(os_field VERSION_ID) in
debian:12 | debian:13 | ubuntu:24.04) ;;
*)
	check_elsewhere
	exit 0
	;;
esac

# shellcheck disable=SC2046,SC2086 # lists of package names
set -- $(missing_packages $packages $(distribution_packages "$(os_field ID)"))
if [ $# -eq 0 ]; then
	say "everything needed is installed"
	exit 0
fi
say "to be installed: $*"
[ "$(id -u)" -eq 0 ] || die "installing packages needs root: sudo make deps"
say "reading the package lists (apt-get update)"
apt-get update -qq -o Acquire::Retries=5
say "installing"
install_packages "$@"
say "done"
