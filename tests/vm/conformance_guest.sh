#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest (or natively, with NATIVE=1): starts the exporter as it chooses by itself, and with
# each mechanism that the kernel has; makes exactly known calls under a scraper, and keeps a scrape from
# before and after each in $RESULTS. conformance_check.py holds them to what the workload says it did.
#
#	conformance_guest.sh [RUN...]	auto.mmap, auto.percpu, auto.percpu-syscalls, auto.map or a mechanism;
#					all of them
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
NATIVE=${NATIVE:-}

# A shared program's losses are counted for all of its functions together. So that each measurement can
# be held to equality, whatever can lose calls has a run in which nothing else does: system calls, and
# bpf_map_copy_value, whose callers make the kernel skip programs meanwhile.
kernel_probes=('do_unlinkat|filename_unlinkat' __x64_sys_msgrcv __x64_sys_getpgid
	'read_zero|read_iter_zero')
user_probes=("$W:workload_function" "$W:workload_recursion" "$W:workload_left")

end_run() {
	get /api/v1/probes "$RESULTS/$run.probes.json" || fail "/api/v1/probes"
	get /metrics "$RESULTS/$run.metrics" || fail "the last scrape"
	stop_exporter
	echo $? >"$RESULTS/$run.exit"
	echo "$run" >>"$RESULTS/runs"
}

measure_scraped() { # measure_scraped NAME OPERATION THREADS CALLS [ARGUMENT]
	local name=$run.$1
	shift
	get /metrics "$RESULTS/$name.before" || fail "scrape before $name"
	start_scraper
	"${on_cpu[@]}" "$W" "$@" >"$RESULTS/$name.json" || fail "workload $*"
	stop_scraper
	scrape "$name.after"
}

getpgid_measurements() {
	measure_scraped getpgid-live getpgid-live 4 10000
	measure_scraped getpgid-dead getpgid-dead 4 10000
}

kernel_measurements() {
	measure_scraped unlink-missing unlink-missing 4 10000
	measure_scraped unlink-existing unlink-existing 4 400
	getpgid_measurements
	measure_scraped read-1 read-zero 4 2000 1
	measure_scraped read-4096 read-zero 4 2000 4096
	measure_scraped sleepers msgrcv-sleep 100 300 300
}

# With uprobe.ret the kernel steps instructions in a page that all threads of the process have, and writes
# to it for each. An emulator may run stale code there on another CPU; real ones do not
# (tests/e2e/uprobe_ret.sh).
on_cpu=()
user_measurements() {
	[ $run != uprobe.ret ] || [ -n "${NATIVE:-}" ] || on_cpu=(taskset -c 0)
	measure_scraped user-positive user-function 4 1000 7
	measure_scraped user-negative user-function 4 1000 -7
	measure_scraped user-zero user-function 4 1000 0
	measure_scraped user-recursion user-recursion 4 400
	measure_scraped user-left user-left 4 400
	[ $run = auto.percpu ] || measure_scraped user-deep user-deep 2 20
	on_cpu=()
}

map_measurements() {
	measure_scraped map-hit map-lookup 2 2000 1
	measure_scraped map-miss map-lookup 2 2000 2
}

chosen=$*
chosen() {
	[[ -z $chosen || " $chosen " == *" $1 "* ]] && run=$1
}

uname -r >"$RESULTS/kernel"
[ -n "$NATIVE" ] || copy_symbols
[ -n "$chosen" ] || : >"$RESULTS/all"
# What is chosen by itself.
if chosen auto.mmap; then
	if [ -n "$NATIVE" ]; then
		start_exporter syscall:msgrcv syscall:getpgid "${user_probes[@]}" no_such_function
		measure_scraped sleepers msgrcv-sleep 100 300 300
		getpgid_measurements
	else
		start_exporter "${kernel_probes[@]}" syscall:getpgid "${user_probes[@]}" no_such_function
		kernel_measurements
	fi
	user_measurements
	end_run
fi
# With cells that are read by bpf(2), at which the kernel skips programs.
if [ -z "$NATIVE" ] && chosen auto.percpu; then
	start_exporter --cells=percpu "${kernel_probes[@]}" "${user_probes[@]}" no_such_function
	kernel_measurements
	user_measurements
	end_run
fi
if chosen auto.percpu-syscalls; then
	start_exporter --cells=percpu syscall:getpgid no_such_function
	getpgid_measurements
	end_run
fi
if [ -z "$NATIVE" ] && chosen auto.map; then
	start_exporter bpf_map_copy_value no_such_function
	map_measurements
	end_run
fi
# Every mechanism that this kernel has, forced.
for mechanism in fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe; do
	[ -z "$NATIVE" ] && chosen $mechanism || continue
	try_exporter --mechanism=$mechanism "${kernel_probes[@]}" bpf_map_copy_value no_such_function ||
		continue
	kernel_measurements
	map_measurements
	end_run
done
for mechanism in uprobe.ret uprobe.session uprobe.multi uretprobe; do
	chosen $mechanism || continue
	try_exporter --mechanism=$mechanism "${user_probes[@]}" no_such_function || continue
	user_measurements
	end_run
done
[ -n "$NATIVE" ] || cat $T/kprobe_events >"$RESULTS/leftovers"
exit 0
