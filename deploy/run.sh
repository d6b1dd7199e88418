#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# `sudo make run`: installs what is missing, builds, and runs the exporter with the given arguments.
# Where this machine cannot probe kernel functions, it says why and runs the same binary in a small
# QEMU machine on a distribution kernel (KERNEL=series chooses), with the ports forwarded to it.
set -eu

cd "$(dirname "$0")/.."
default_port=10435

say() {
	echo "run: $*"
}

die() {
	echo "run: $*" >&2
	exit 1
}

# ---- in the guest: some life, so that the page has something to show ---------------------------

some_activity() {
	dir=/dev/shm/activity
	mkdir -p $dir
	echo activity > $dir/index.html
	busybox httpd -p 127.0.0.1:8 -h $dir
	while :; do
		i=0
		while [ $i -lt 20 ]; do
			echo $i > $dir/file
			read -r _ < $dir/file
			mv $dir/file $dir/renamed
			rm $dir/renamed
			i=$((i + 1))
		done
		unlink $dir/missing 2> /dev/null || true
		mkdir $dir/d && rmdir $dir/d
		busybox wget -q -O /dev/null http://127.0.0.1:8/ || true
		sleep 0.5
	done
}

if [ "${1:-}" = @guest ]; then
	shift
	some_activity > /dev/null 2>&1 &
	exec build/retprobe_exporter "$@"
fi

# ---- can it run here? --------------------------------------------------------------------------

# Capability number $1 of ours.
capable() {
	[ $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> $1 & 1)) -eq 1 ]
}

kernel_config() {
	release=$(uname -r)
	if [ -r /proc/config.gz ]; then
		zcat /proc/config.gz
	else
		cat "/boot/config-$release" "/lib/modules/$release/config" 2> /dev/null || true
	fi
}

# Prints why kernel functions cannot be probed here; nothing if they can.
why_not_here() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "probing needs root"
	elif ! capable 21 && ! { capable 38 && capable 39; }; then
		echo "tracing programs are not permitted here (no CAP_SYS_ADMIN, nor CAP_BPF and CAP_PERFMON)"
	elif grep -q '\[confidentiality\]' /sys/kernel/security/lockdown 2> /dev/null; then
		echo "this kernel is locked down (confidentiality), which refuses tracing programs"
	elif [ -e /sys/kernel/tracing/kprobe_events ] || [ -e /sys/kernel/debug/tracing/kprobe_events ] ||
		grep -q ' [Tt] register_kprobe$' /proc/kallsyms 2> /dev/null; then
		:
	elif kernel_config | grep -q '^CONFIG_KPROBES=y'; then
		:
	else
		echo "this kernel ($(uname -r)) cannot probe kernel functions: it has no CONFIG_KPROBES"
	fi
}

# ---- addresses ---------------------------------------------------------------------------------

# The addresses that the exporter's arguments make it listen on, one a line.
listen_addresses() {
	found=
	while [ $# -gt 0 ]; do
		case $1 in
		--web.listen-address=*)
			echo "${1#*=}"
			found=yes
			;;
		--web.listen-address)
			[ $# -lt 2 ] || echo "$2"
			found=yes
			;;
		--)
			break
			;;
		esac
		shift
	done
	[ -n "$found" ] || echo ":$default_port"
}

# Whether something listens on TCP port $1 here already.
port_is_taken() {
	hex=$(printf %04X "$1")
	cat /proc/net/tcp /proc/net/tcp6 2> /dev/null |
		awk -v port=":$hex\$" '$2 ~ port && $4 == "0A" { taken = 1 } END { exit !taken }'
}

# Prints the page's address once it answers, as long as process $1 lives.
announce() {
	while kill -0 "$1" 2> /dev/null; do
		for scheme in http https; do
			code=$(curl -k -s -m 2 -o /dev/null -w '%{http_code}' "$scheme://$2/-/ready") || true
			case $code in
			200 | 401)
				say "ready: $scheme://$2/metrics"
				return
				;;
			esac
		done
		sleep 0.3
	done
}

run_here() {
	for address in $(listen_addresses "$@"); do
		port=${address##*:}
		case $port in
		'' | 0 | *[!0-9]*) continue ;;
		esac
		! port_is_taken "$port" ||
			die "port $port is taken here; ARGS='--web.listen-address=:PORT' chooses another"
		announce $$ "127.0.0.1:$port" &
	done
	exec build/retprobe_exporter "$@"
}

# In the guest it listens on every address; where the host listens is up to the forwarding.
run_in_guest() {
	forwards=
	for address in $(listen_addresses "$@"); do
		port=${address##*:} host=${address%:*}
		case $port in
		'' | 0 | *[!0-9]*)
			die "in a virtual machine a listen address needs a port number, not \"$address\""
			;;
		esac
		case $host in
		*[!0-9.]* | '') host=127.0.0.1 ;;
		esac
		! port_is_taken "$port" ||
			die "port $port is taken here; ARGS='--web.listen-address=:PORT' chooses another"
		forwards="$forwards -f $host:$port:$port"
		[ "$host" != 0.0.0.0 ] || host=127.0.0.1
		announce $$ "$host:$port" &
	done

	n=$#
	while [ "$n" -gt 0 ]; do
		argument=$1
		shift
		case $argument in
		--web.listen-address=*)
			argument=--web.listen-address=:${argument##*:}
			;;
		--web.listen-address)
			if [ "$n" -gt 1 ]; then
				argument=--web.listen-address=:${1##*:}
				shift
				n=$((n - 1))
			fi
			;;
		esac
		set -- "$@" "$argument"
		n=$((n - 1))
	done

	sh deploy/deps.sh guest
	series=${KERNEL:-$(sh tests/vm/kernels.sh --default)}
	tests/vm/kernels.sh "$series"
	say "booting kernel $series under QEMU"
	# One CPU: with several, QEMU's emulation may run code that the kernel has just replaced (guest.sh).
	# shellcheck disable=SC2086 # -f options
	exec sh tests/vm/guest.sh -c 1 -k "$series" -K -t 0 $forwards -- sh deploy/run.sh @guest "$@"
}

# ---- what the user sees ------------------------------------------------------------------------

sh deploy/deps.sh build
say "building"
"${MAKE:-make}" --no-print-directory all

reason=$(why_not_here)
if [ -z "$reason" ]; then
	run_here "$@"
else
	say "$reason; so it runs in a virtual machine"
	run_in_guest "$@"
fi
