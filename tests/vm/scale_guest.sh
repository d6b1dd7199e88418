#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: thousands of functions at once, batches that the kernel refuses, fallback to the next
# mechanism, and a kernel without BTF. Writes results to $RESULTS for scale_check.py.
#
#	scale_guest.sh [CASE...]	a CASE is many.MECHANISM, refused.MECHANISM fallback.ORDER or nobtf; default: all
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# Families of functions that an idle machine rarely calls, between two that are called here.
first=__x64_sys_getpgid
last='do_unlinkat|filename_unlinkat'
some=(acpi_ pci_ crypto_)
others=(tcp_ devm_ intel_ xen_ devlink_ mptcp_ selinux_)
# Half as many if the kernel refuses part of a batch, which is bisected: each try takes seconds.
fewer=(pci_ crypto_)
fewer_others=(tcp_ xen_ devlink_ mptcp_)

configure() { # configure FUNCTION...
	printf 'probes:\n  - functions: ["%s"' "$1"
	shift
	printf ', "%s"' "$@"
	printf ']\n'
} >/tmp/scale.yaml

start() { # start MECHANISM: fails if this kernel lacks it
	try_exporter --web.enable-lifecycle --log.level=debug --mechanism="$1" --config.file=/tmp/scale.yaml
}

# A scrape without its megabytes of buckets.
states() { # states NAME
	get /metrics && get /metrics /tmp/page || fail "scrape $1" # as lib_guest.sh's scrape
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
	LC_ALL=C grep -c '\[bpf\]$' /proc/kallsyms
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

# The list of traceable functions has a function that cannot be traced.
case_refused() { # case_refused MECHANISM
	cp $T/available_filter_functions /tmp/list
	echo argv_split >>/tmp/list
	mount --bind /tmp/list $T/available_filter_functions || fail "mount"
	configure $first 'pci_*' argv_split 'tcp_*' "$last"
	start "$1"
	local started=$?
	umount $T/available_filter_functions
	[ $started -eq 0 ] || return
	in_kernel "refused.$1.kernel"
	call "refused.$1" 500 300
	stop "refused.$1"
}

# Trampolines refuse a function with variable arguments. It comes first, last, or after a function without a
# result: the order must not matter.
case_fallback() { # case_fallback ORDER
	local i
	case $1 in
	first) configure sysfs_emit $first "$last" ;;
	last) configure $first "$last" sysfs_emit ;;
	void) configure put_unused_fd sysfs_emit $first "$last" ;;
	esac
	start auto || fail "no mechanism by auto"
	for ((i = 0; i < 50; i++)); do read -r _ </sys/kernel/mm/ksm/run; done
	"$W" getpgid-live 1 70 >/dev/null
	states "fallback.$1"
	stop "fallback.$1"
}

# A kernel that appears to have no BTF. Only probes that need types are refused.
case_nobtf() {
	mkdir -p /tmp/none
	mount --bind /tmp/none /sys/kernel/btf || fail "mount"
	cat >/tmp/scale.yaml <<-Y
	probes:
	  - functions: [$first, "$last"]
	  - {functions: vfs_mkdir, labels: [comm, {mode: arg3}]}
	  - {functions: vfs_statx, labels: [{path: "filename->name"}]}
	  - syscalls: [getsid, sched_get_priority_min]
	  - {user: {object: $W, functions: workload_function}}
	  - {user: {object: /usr/lib/x86_64-linux-gnu/libc.so.6, functions: getaddrinfo}}
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
	umount /sys/kernel/btf
}

run_case() { # run_case CASE: fails if this kernel lacks its mechanism
	local start=$SECONDS
	case $1 in
	nobtf) case_nobtf ;;
	*.*) "case_${1%%.*}" "${1#*.}" ;;
	esac || return
	echo "$1" >>"$RESULTS/cases"
	echo "$1: $((SECONDS - start)) s"
}

if [ $# -eq 0 ]; then
	: >"$RESULTS/all"
	set -- many.auto many.fsession.multi refused.auto refused.kprobe.multi fallback.first fallback.last fallback.void nobtf
fi
echo "$*" >"$RESULTS/wanted"
in_kernel unused
traced_unused=$(traced)
for case; do
	run_case "$case"
done
dmesg | grep -E 'BUG|WARNING|Oops|RIP:' >"$RESULTS/complaints"
exit 0
