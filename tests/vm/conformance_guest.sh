#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest (or natively, with NATIVE=1): starts an exporter per RUN, and makes a known number of calls
# while a scraper runs. Exporters that do not affect each other count the same calls at once. $RESULTS gets a
# scrape of each exporter from before and after, for conformance_check.py.
#
#	conformance_guest.sh [RUN...]	auto.mmap, auto.percpu, auto.percpu-syscalls, auto.map or a mechanism;
#					default: all
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
NATIVE=${NATIVE:-}

# The losses of a shared program are counted for all its functions together. For exact checks, everything that
# can lose calls has a run of its own. These are system calls, and bpf_map_copy_value, whose callers make the
# kernel skip programs.
kernel_probes=('do_unlinkat|filename_unlinkat' "${SYS}msgrcv" "${SYS}getpgid"
	read_iter_zero)
user_probes=("$W:workload_function" "$W:workload_recursion" "$W:workload_left")

# Running exporters, by run.
declare -A kinds_of
# The last scrape of each port.
declare -A last_of
ports=10499

try_run() { # try_run RUN "KIND..." ARGS...: KINDs are the kinds of measurements that the run takes part in
	local run=$1 kinds=$2
	shift 2
	PORT=$ports
	try_exporter "$@" no_such_function || return
	pid_of[$run]=$exporter port_of[$run]=$PORT kinds_of[$run]=" $kinds "
	ports=$((ports + 1))
}

start_run() {
	try_run "$@" || fail "no exporter for $1"
}

# The exporter that was started last has two mechanisms.
share_run() { # share_run RUN "KIND..."
	pid_of[$1]=$exporter port_of[$1]=$PORT kinds_of[$1]=" $2 "
}

end_runs() {
	local run
	local -A code_of=()
	for run in "${!pid_of[@]}"; do
		PORT=${port_of[$run]}
		get /api/v1/probes "$RESULTS/$run.probes.json" || fail "/api/v1/probes"
		get /metrics "$RESULTS/$run.metrics" || fail "the last scrape"
	done
	for run in "${!pid_of[@]}"; do
		exporter=${pid_of[$run]}
		[ -n "${code_of[$exporter]:-}" ] || {
			stop_exporter
			code_of[$exporter]=$?
		}
		echo "${code_of[$exporter]}" >"$RESULTS/$run.exit"
		echo "$run" >>"$RESULTS/runs"
	done
	pid_of=() port_of=() kinds_of=()
}

on_cpu=()
# By the exporters of a KIND. The scrape after a measurement is also the one before the next. A session's skipped runs
# are the lower of two consecutive readings (exporter/MECHANISMS.md, Known limits), so these are read twice.
measure_scraped() { # measure_scraped KIND NAME OPERATION THREADS CALLS [ARGUMENT]
	local kind=$1 name=$2 run told measured=() after=() scraped=() sessions=()
	shift 2
	for run in "${!pid_of[@]}"; do
		[[ ${kinds_of[$run]} == *" $kind "* ]] || continue
		measured+=("$run") scraped+=("${port_of[$run]}")
		after+=("${port_of[$run]}" "$RESULTS/$run.$name.after")
		[[ $run != fsession* ]] || sessions+=("${port_of[$run]}" /dev/null)
	done
	[ ${#measured[@]} -gt 0 ] || return 0
	start_scraper 0.02 "${scraped[@]}"
	told=$("${on_cpu[@]}" "$W" "$@") || fail "workload $*"
	stop_scraper
	[ ${#sessions[@]} -eq 0 ] || $CLIENT scrape "${sessions[@]}" || fail "first scrape after $name"
	$CLIENT scrape "${after[@]}" || fail "scrape after $name"
	for run in "${measured[@]}"; do
		echo "$told" >"$RESULTS/$run.$name.json"
		echo "${last_of[${port_of[$run]}]}" >"$RESULTS/$run.$name.since"
		last_of[${port_of[$run]}]=$run.$name.after
	done
}

measure_all() {
	local run scrapes=()
	[ ${#pid_of[@]} -gt 0 ] || return
	for run in "${!pid_of[@]}"; do
		scrapes+=("${port_of[$run]}" "$RESULTS/$run.start.after")
		last_of[${port_of[$run]}]=$run.start.after
	done
	$CLIENT scrape "${scrapes[@]}" || fail "the first scrape"
	measure_scraped kernel unlink-missing unlink-missing 4 4000
	measure_scraped kernel unlink-existing unlink-existing 4 400
	measure_scraped getpgid getpgid-live getpgid-live 4 4000
	measure_scraped getpgid getpgid-dead getpgid-dead 4 4000
	measure_scraped kernel read-1 readv-zero 4 2000 1
	measure_scraped kernel read-4096 readv-zero 4 2000 4096
	measure_scraped sleepers sleepers msgrcv-sleep 100 200 300
	measure_scraped map map-hit map-lookup 2 2000 1
	measure_scraped map map-miss map-lookup 2 2000 2
	measure_scraped user user-positive user-function 4 1000 7
	measure_scraped user user-negative user-function 4 1000 -7
	measure_scraped user user-zero user-function 4 1000 0
	measure_scraped user user-recursion user-recursion 4 400
	measure_scraped user user-left user-left 4 400
	measure_scraped deep user-deep user-deep 2 20
}

chosen=$*
chosen() {
	[[ -z $chosen || " $chosen " == *" $1 "* ]]
}

uname -r >"$RESULTS/kernel"
[ -n "$NATIVE" ] || copy_symbols "$SYS" do_unlinkat filename_unlinkat read_iter_zero bpf_map_copy_value
[ -n "$chosen" ] || : >"$RESULTS/all"

# Starts the exporter of a mechanism for kernel functions. It has one for user functions, too.
try_both() { # try_both MECHANISM [USER-MECHANISM]
	[ -z "${2:-}" ] || printf '%s\n' probes: "  - user: {object: $W," \
		"      functions: [workload_function, workload_recursion, workload_left]}" "    mechanism: $2" >"/tmp/$1.yaml"
	chosen "$1" || chosen "${2:-$1}" || return
	try_run "$1" "kernel getpgid sleepers map" --mechanism="$1" ${2:+"--config.file=/tmp/$1.yaml"} \
		"${kernel_probes[@]}" bpf_map_copy_value || return
	[ -z "${2:-}" ] || share_run "$2" "user deep"
}

# The automatic choice, and every mechanism of this kernel. None reads maps by bpf(2), during which the kernel
# skips programs.
if ! chosen auto.mmap; then
	:
elif [ -n "$NATIVE" ]; then
	start_run auto.mmap "getpgid sleepers user deep" syscall:msgrcv syscall:getpgid "${user_probes[@]}"
else
	start_run auto.mmap "kernel getpgid sleepers user deep" "${kernel_probes[@]}" syscall:getpgid "${user_probes[@]}"
fi
if [ -n "$NATIVE" ]; then
	for mechanism in uprobe.session uprobe.multi uretprobe; do
		! chosen $mechanism || try_run $mechanism "user deep" --mechanism=$mechanism "${user_probes[@]}"
	done
else
	! chosen auto.map || start_run auto.map map bpf_map_copy_value
	kernel_mechanisms
	for mechanism in "${mechanisms[@]}"; do
		try_both $mechanism ${user_of[$mechanism]:-}
	done
fi
measure_all
end_runs

# With cells that bpf(2) reads.
[ -n "$NATIVE" ] || ! chosen auto.percpu ||
	start_run auto.percpu "kernel getpgid sleepers user" --cells=percpu "${kernel_probes[@]}" "${user_probes[@]}"
! chosen auto.percpu-syscalls || start_run auto.percpu-syscalls getpgid --cells=percpu syscall:getpgid
measure_all
end_runs

# With uprobe.ret, the kernel single-steps instructions in a page that all threads share, and writes to it for
# each. An emulator can run stale code there on another CPU, a real CPU does not (tests/e2e/uprobe_ret.sh).
[ -n "$NATIVE" ] || on_cpu=(taskset -c 0)
if chosen uprobe.ret && try_run uprobe.ret "user deep" --mechanism=uprobe.ret "${user_probes[@]}"; then
	measure_all
	end_runs
fi
[ -n "$NATIVE" ] || cat $T/kprobe_events >"$RESULTS/leftovers"
exit 0
