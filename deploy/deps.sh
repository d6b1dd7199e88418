#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what is missing of the packages that a task needs:
#
#	deps.sh [build] [guest] [test] [arm64] [dist]	without arguments: the first three
#
# build is for `make`, guest for a virtual machine with another kernel (tests/vm/guest.sh), test for the rest of
# `make test`, arm64 for `make check-arm64` on another architecture, dist for `make dist`. Debian 12, Debian 13 and
# Ubuntu 24.04; elsewhere it checks for the same things and says what is missing.
set -eu

# The packages of a task. Some names depend on the distribution and the machine.
packages() { # packages TASK DISTRIBUTION
	case $1 in
	build)
		echo gcc libc6-dev binutils make pkg-config clang llvm libbpf-dev libelf-dev libdw-dev libdeflate-dev \
			liblzma-dev libiberty-dev libmicrohttpd-dev libgnutls28-dev libcrypt-dev libyaml-dev libseccomp-dev
		[ "$(uname -m)" != x86_64 ] || echo libzydis-dev # decodes x86-64
		# Ubuntu 24.04 ships bpftool only with the tools of a kernel.
		[ "$2" = ubuntu ] && echo linux-tools-common linux-tools-generic || echo bpftool
		;;
	guest)
		echo busybox-static cpio kmod procps util-linux xz-utils zstd
		[ "$(uname -m)" = aarch64 ] && echo qemu-system-arm || echo qemu-system-x86
		;;
	arm64) echo qemu-system-arm buildah debootstrap jq ;;
	test)
		echo libclang-rt-dev libcmocka-dev buildah crun debootstrap python3-yaml systemd debhelper dpkg-dev \
			lintian curl jq openssl python3 python3-prometheus-client protobuf-compiler prometheus shellcheck \
			clang-format man-db tmux systemtap-sdt-dev
		# Any Go does (tests/deploy/kubernetes.sh), so one that did not come as a package is kept.
		command -v go > /dev/null || echo golang-go
		# A snap on Ubuntu, which containers cannot have: the page's test is skipped there.
		[ "$2" = ubuntu ] || echo chromium chromium-driver
		;;
	dist) echo buildah crun debootstrap debhelper dpkg-dev rpm ;;
	esac
}

# The same, for distributions with other package names.
commands() { # commands TASK
	case $1 in
	build) echo gcc readelf make pkg-config clang llvm-strip bpftool ;;
	guest) echo busybox cpio depmod flock pgrep xz zstd "qemu-system-$(uname -m)" ;;
	arm64) echo qemu-system-aarch64 buildah debootstrap jq ;;
	test) echo curl jq openssl python3 protoc prometheus promtool shellcheck clang-format tmux ;;
	dist) echo buildah debootstrap dpkg-buildpackage dh rpmbuild ;;
	esac
}

modules() { # modules TASK: of pkg-config
	case $1 in
	build) echo libbpf libelf libdw libdeflate liblzma libmicrohttpd gnutls libcrypt yaml-0.1 libseccomp ;;
	test) echo cmocka ;;
	esac
}

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

check_library() { # check_library NAME HEADER
	echo "#include <$2>" | cc -x c -fsyntax-only - 2> /dev/null || missing="$missing $1(library)"
}

# Sets missing.
check_task() { # check_task TASK
	for command in $(commands "$1"); do
		command -v "$command" > /dev/null || missing="$missing $command"
	done
	for module in $(modules "$1"); do
		pkg-config --exists "$module" 2> /dev/null || missing="$missing $module(library)"
	done
	case $1 in
	build)
		[ "$(uname -m)" != x86_64 ] || check_library Zydis Zydis/Zydis.h
		check_library libiberty libiberty/demangle.h
		;;
	test)
		echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
			clang -fsanitize=fuzzer,address -x c -o /dev/null - 2> /dev/null ||
			missing="$missing compiler-rt(clang's)"
		check_library sdt sys/sdt.h
		;;
	esac
}

check_elsewhere() { # check_elsewhere TASK...
	missing=
	for task; do
		check_task "$task"
	done
	if [ -n "$missing" ]; then
		die "this is $(os_field PRETTY_NAME), not Debian 12, Debian 13 or Ubuntu 24.04:" \
			"please install yourself:$missing"
	fi
	say "this is $(os_field PRETTY_NAME), and everything needed is here"
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

[ $# -gt 0 ] || set -- build guest test
for task; do
	case $task in
	build | guest | test | arm64 | dist) ;;
	*) die "there is no \"$task\"; there are build, guest, test, arm64 and dist" ;;
	esac
done
case $(os_field ID):$(os_field VERSION_ID) in
debian:12 | debian:13 | ubuntu:24.04) ;;
*)
	check_elsewhere "$@"
	exit 0
	;;
esac

tasks=$*
# shellcheck disable=SC2046 # lists of package names
set -- $(missing_packages $(for task; do packages "$task" "$(os_field ID)"; done))
if [ $# -eq 0 ]; then
	say "everything needed is installed"
	exit 0
fi
say "to be installed: $*"
[ "$(id -u)" -eq 0 ] || die "installing packages needs root: sudo sh deploy/deps.sh $tasks"
say "reading the package lists (apt-get update)"
apt-get update -qq -o Acquire::Retries=5
say "installing"
install_packages "$@"
say "done"
