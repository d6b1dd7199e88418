#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: thousands of functions at once, batches that the kernel refuses, fallback to the next
# mechanism, and a kernel without BTF. Writes results to $RESULTS for scale_check.py.
#
#	scale_guest.sh [CASE...]	a CASE is many.MECHANISM, refused.MECHANISM, fallback.ORDER or nobtf; default: all
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# Families of functions that an idle machine rarely calls, between two that are called here.
first=${SYS}getpgid
last='do_unlinkat|filename_unlinkat'
some=(acpi_ pci_ crypto_)
others=(tcp_ devm_ xen_ devlink_ mptcp_ selinux_)
[ "$HOSTTYPE" = aarch64 ] || others+=(intel_)
# Fewer if the kernel refuses part of a batch, which is bisected: each try takes seconds.
fewer=(pci_)
fewer_others=(tcp_ devlink_)

configure() { # configure FUNCTION...
	printf 'probes:\n  - functions: ["%s"' "$1"
	shift
	printf ', "%s"' "$@"
	printf ']\n'
} >/tmp/scale.yaml

start() { # start MECHANISM: fails if this kernel lacks it
	try_exporter --web.enable-lifecycle --log.level=debug --mechanism="$1" --config.file=/tmp/scale.yaml
}

# Like try_one(), for a CASE.
start_case() { # start_case CASE MECHANISM
	PORT=$((10499 + ${#live[@]}))
	start "$2" || return
	pid_of[$1]=$exporter port_of[$1]=$PORT
	live+=("$1")
}

# A scrape without its megabytes of buckets.
states() { # states NAME
	$CLIENT scrape "$PORT" /tmp/page || fail "scrape $1"
	LC_ALL=C grep -E '^retprobe_(probe_attached|probe_info|duration_seconds_count|missed_total)\{' /tmp/page >"$RESULTS/$1"
}

call() { # call NAME GETPGIDS UNLINKS: with a scrape before and after
	states "$1.before"
	"$W" getpgid-live 1 "$2" >/dev/null
	"$W" unlink-missing 1 "$3" >/dev/null
	states "$1.after"
}

# Descriptors and resident kilobytes of both processes.
footprint() { # footprint NAME
	local pid
	for pid in $exporter $(pgrep -P $exporter); do
		ls "/proc/$pid/fd" | wc -l
		awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"
	done >"$RESULTS/$1"
}

# Traces of an exporter in the kernel: traced functions and events.
traced() {
	LC_ALL=C grep -c '^[^[:space:]]' $T/enabled_functions
	cat $T/kprobe_events
}

# These, and the code of programs.
in_kernel() { # in_kernel NAME
	traced
	LC_ALL=C grep -c '\[bpf\]$' /run/proc/kallsyms
} >"$RESULTS/$1"

# The list of symbols takes a second to read, and is the last to return to its former state.
is_given_back() {
	[ "$(traced)" = "$traced_unused" ] || return
	in_kernel left
	cmp -s "$RESULTS/unused" "$RESULTS/left" && return
	pause 0.5
	return 1
}

stop() { # stop NAME
	stop_exporter
	echo $? >"$RESULTS/$1.exit"
	# Programs are freed some time after they have been detached.
	wait_until "the kernel to have nothing of ours" is_given_back
}

# All are attached, and a reload drops half of them.
case_many() { # case_many MECHANISM
	[ "$1" = auto ] || local some=("${fewer[@]}") others=("${fewer_others[@]}")
	configure $first "${some[@]/%/*}" "${others[@]/%/*}" "$last"
	start "$1" || return
	in_kernel "many.$1.kernel"
	call "many.$1.all" 5000 3000
	configure $first "${others[@]/%/*}" "$last"
	$CLIENT post $PORT /-/reload || fail "POST /-/reload"
	call "many.$1.half" 70 50
	footprint "many.$1.footprint"
	stop "many.$1"
}

states_each() { # states_each WHEN: to CASE.WHEN
	local case
	for case in "${live[@]}"; do
		PORT=${port_of[$case]}
		states "$case.$1"
	done
}

stop_all() {
	stop_each
	wait_until "the kernel to have nothing of ours" is_given_back
}

# The list of traceable functions has a function that cannot be traced. Each exporter has a family of its own.
case_refused() { # case_refused MECHANISM...
	local mechanism
	echo argv_split >>/run/available_filter_functions
	for mechanism; do
		case $mechanism in
		auto) configure $first 'devlink_*' argv_split "$last" ;;
		*) configure $first 'tcp_*' argv_split "$last" ;;
		esac
		start_case "refused.$mechanism" "$mechanism"
	done
	in_kernel refused.kernel
	states_each before
	"$W" getpgid-live 1 500 >/dev/null
	"$W" unlink-missing 1 300 >/dev/null
	states_each after
	printf '%s\n' "${live[@]}" >>"$RESULTS/cases"
	stop_all
}

# Trampolines refuse a function with variable arguments. It comes first, last, or after a function without a
# result: the order must not matter.
case_fallback() { # case_fallback ORDER...
	local i order
	for order; do
		case $order in
		first) configure sysfs_emit $first "$last" ;;
		last) configure $first "$last" sysfs_emit ;;
		void) configure put_unused_fd sysfs_emit $first "$last" ;;
		esac
		start_case "fallback.$order" auto || fail "no mechanism by auto"
	done
	states_each before
	for ((i = 0; i < 50; i++)); do read -r _ </sys/kernel/mm/ksm/run; done
	"$W" getpgid-live 1 70 >/dev/null
	states_each after
	printf '%s\n' "${live[@]}" >>"$RESULTS/cases"
	stop_all
}

# A kernel without BTF, or one that appears to have none. Only probes that need types are refused.
case_nobtf() {
	mkdir -p /tmp/none
	[ ! -d /sys/kernel/btf ] || mount --bind /tmp/none /sys/kernel/btf || fail "mount"
	cat >/tmp/scale.yaml <<-Y
	probes:
	  - functions: [$first, "$last"]
	  - {functions: vfs_mkdir, labels: [comm, {mode: arg3}]}
	  - {functions: vfs_statx, labels: [{path: "filename->name"}]}
	  - syscalls: [getsid, sched_get_priority_min]
	  - {user: {object: $W, functions: workload_function}}
	  - {user: {object: $PWD/build/postgres, functions: standard_ExecutorRun}}
	Y
	"$BINARY" --config.check --config.file=/tmp/scale.yaml >"$RESULTS/nobtf.plan" 2>&1
	echo $? >>"$RESULTS/nobtf.plan"
	start auto || fail "no mechanism by auto"
	states nobtf.before
	"$W" getpgid-live 1 70 >/dev/null
	"$W" unlink-missing 1 50 >/dev/null
	"$W" getsid-compat 1 30 >/dev/null
	"$W" user-function 1 40 7 >/dev/null
	mkdir /tmp/directory
	states nobtf.after
	get /metrics "$RESULTS/nobtf.page" || fail "scrape"
	stop nobtf
	[ ! -d /sys/kernel/btf ] || umount /sys/kernel/btf
	echo nobtf >>"$RESULTS/cases"
}

if [ $# -eq 0 ]; then
	: >"$RESULTS/all"
	set -- many.auto refused.auto refused.kprobe.multi fallback.first fallback.last fallback.void nobtf
	kernel_mechanisms
	[[ ${mechanisms[*]} != *fsession.multi* ]] || set -- many.fsession.multi "$@"
fi
echo "$*" >"$RESULTS/wanted"
mkdir /run/proc
mount -t proc proc /run/proc || fail "mount"
in_kernel unused
traced_unused=$(traced)
refused=() fallback=() nobtf=false
for case; do
	case $case in
	# Fails if this kernel lacks its mechanism.
	many.*) case_many "${case#many.}" && echo "$case" >>"$RESULTS/cases" ;;
	refused.*) refused+=("${case#refused.}") ;;
	fallback.*) fallback+=("${case#fallback.}") ;;
	nobtf) nobtf=true ;;
	esac
done
copy_symbols "$SYS" __ia32_sys_ do_unlinkat filename_unlinkat devlink_ tcp_ argv_split sysfs_emit put_unused_fd vfs_
PORT=10499
[ ${#refused[@]} -eq 0 ] || case_refused "${refused[@]}"
[ ${#fallback[@]} -eq 0 ] || case_fallback "${fallback[@]}"
! $nobtf || case_nobtf
dmesg | grep -E 'BUG|WARNING|Oops|RIP:' >"$RESULTS/complaints"
exit 0
