#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: cases in which calls could get lost or be counted twice.
#
#	conformance_edges_guest.sh [CASE...]	a CASE is start, many, slots, scraped, model, MECHANISM,
#						percpu.MECHANISM or small.MECHANISM; default: all
#
# Writes scrapes to $RESULTS for conformance_edges_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

UNLINK='do_unlinkat|filename_unlinkat'
DEEP=/dev/shm/upper/file # on two layers of overlayfs

measure_both() { # measure_both NAME "OPERATION..." "OPERATION...": at once
	local name=$1 first
	scrape "$name.before"
	hits "$name.hits.before"
	# shellcheck disable=SC2086 # words
	"$W" $2 >"$RESULTS/$name.json" &
	first=$!
	# shellcheck disable=SC2086
	"$W" $3 >"$RESULTS/$name.2.json" || fail "workload $3"
	wait $first || fail "workload $2"
	hits "$name.hits.after"
	scrape "$name.after"
}

# ---- sleepers that stay in their call until they are released --------------------------------
hold() { # hold WHO CALLS
	mkfifo "/tmp/$1.said" "/tmp/$1.go"
	"$W" msgrcv-sleep "$2" "$2" held <"/tmp/$1.go" 2>"/tmp/$1.said" >"$RESULTS/$1.json" &
	eval "held_$1=$!"
	# Opening one end of a fifo waits for the other end.
	eval "exec {go_$1}>/tmp/$1.go"
	read -r line <"/tmp/$1.said"
	[ "$line" = asleep ] || fail "sleepers: $line"
}

release() { # release WHO
	local go=go_$1 pid=held_$1
	echo >&"${!go}"
	eval "exec {$go}>&-"
	wait "${!pid}" || fail "sleepers $1"
	rm "/tmp/$1.said" "/tmp/$1.go"
}

# ---- automatic choice -----------------------------------------------------------------------------
case_start() {
	hold flight 20
	start_exporter "$UNLINK" vfs_unlink __x64_sys_msgrcv syscall:msgrcv
	release flight
	scrape in-flight.after
	measure nested unlink-existing 4 400
	measure killed msgrcv-killed 50 50
	stop_exporter || fail "stopped badly"
}

# Every function of a family at once: nested calls through many probes.
case_many() {
	start_exporter 'vfs_*' "$UNLINK" 'security_inode_*' 'security_path_*'
	start_scraper
	measure many unlink-existing 4 400
	stop_scraper
	stop_exporter || fail "stopped badly"
}

missed() { # missed SCRAPE: missed calls over all functions and reasons
	awk '/^retprobe_missed_total/ { sum += $NF } END { print sum }' "$RESULTS/$1"
}

# Hard interrupts, while cells and other maps are read by bpf(2) all the time.
case_percpu() {
	reference posix_timer_fn
	start_exporter --cells=percpu --mechanism="$1" posix_timer_fn
	start_scraper 0
	# No program runs while bpf(2) accesses a map.
	"$W" map-lookup 1 100000000 >/dev/null &
	local storm=$!
	# On a busy machine, no interrupt may have arrived at such a moment. Then try again.
	for _ in 1 2 3 4 5 6; do
		measure "percpu.$1" timers 4 4000
		[ "$(missed "percpu.$1.before")" = "$(missed "percpu.$1.after")" ] || break
	done
	kill $storm
	stop_scraper
	stop_exporter
	drop_reference posix_timer_fn
}

case_slots() {
	cat >/tmp/slots.yaml <<'Y'
probes:
  - {functions: __x64_sys_msgrcv, mechanism: kretprobe, maxactive: 10}
Y
	start_exporter --config.file=/tmp/slots.yaml
	measure slots msgrcv-sleep 100 300 300
	stop_exporter || fail "stopped badly"
}

# Two servers scrape without a pause, so that reads are milliseconds apart.
case_scraped() {
	start_exporter --mechanism=kretprobe __x64_sys_getpgid
	start_scraper 0
	local first=$scraper first_scraping=$scraping
	start_scraper 0
	measure scraped getpgid-live 4 200000
	stop_scraper
	scraper=$first scraping=$first_scraping
	stop_scraper
	stop_exporter || fail "stopped badly"
}

# A kernel that becomes preemptible after trampolines were chosen.
MODEL=/sys/kernel/debug/sched/preempt
other_mechanism() {
	get /metrics /run/model.metrics && ! grep -q 'retprobe_probe_info.*mechanism="fexit"' /run/model.metrics
}

case_model() {
	local model
	model=$(grep -o '([a-z]*)' $MODEL)
	echo voluntary >$MODEL || fail "the kernel's preemption model"
	start_exporter __x64_sys_getpgid
	scrape model.voluntary
	echo full >$MODEL
	wait_until "another mechanism" other_mechanism
	measure model getpgid-live 4 20000
	stop_exporter || fail "stopped badly"
	tr -d '()' <<<"$model" >$MODEL
}

# ---- each mechanism ---------------------------------------------------------------------------------
# vfs_listxattr() of a file on overlayfs calls itself for the layer below. A measurement without BPF counts
# the depth once. It depends on the kernel, because the compiler merges functions.
set_up_recursion() {
	[ ! -e $DEEP ] || return 0
	mkdir -p /dev/shm/layer/{1,2,3} /dev/shm/lower /dev/shm/upper
	: >/dev/shm/layer/1/file
	mount -t overlay -o lowerdir=/dev/shm/layer/1:/dev/shm/layer/2 overlay /dev/shm/lower &&
		mount -t overlay -o lowerdir=/dev/shm/lower:/dev/shm/layer/3 overlay /dev/shm/upper || fail "overlayfs"
	reference vfs_listxattr
	"$W" listxattr 1 10 $DEEP >/dev/null || fail "listxattr"
	hits ten-calls
	drop_reference vfs_listxattr
}

# A first exporter is stopped while calls are in progress. It saw the entries of some. A second one starts at
# once, and sees all of them return.
case_mechanism() { # fails if this kernel lacks it
	set_up_recursion
	hold before 20
	if ! try_exporter --mechanism="$1" vfs_listxattr "$UNLINK" vfs_unlink __x64_sys_msgrcv; then
		release before
		return 1
	fi
	measure "$1.recursion" listxattr 4 400 $DEEP
	measure "$1.nested" unlink-existing 4 400
	measure "$1.killed" msgrcv-killed 4 40
	scrape "$1.held.before"
	hold during 2
	scrape "$1.held.after"
	stop_exporter
	echo $? >"$RESULTS/$1.exit"
	cat $T/kprobe_events >"$RESULTS/$1.leftovers"
	start_exporter --mechanism="$1" __x64_sys_msgrcv posix_timer_fn __x64_sys_getpgid
	release before
	release during
	scrape "$1.second.after"
	measure "$1.third" msgrcv-sleep 2 20 1
	reference posix_timer_fn
	start_scraper
	measure "$1.interrupt" timers 4 1000
	measure_both "$1.interrupted" "timers 2 1000" "getpgid-live 2 20000"
	stop_scraper
	drop_reference posix_timer_fn
	stop_exporter || fail "stopped badly"
}

# More calls than slots, task storage and hash maps can hold: see build/small in the Makefile.
case_small() {
	set_up_recursion
	BINARY=build/small/retprobe_exporter
	start_exporter --mechanism="$1" __x64_sys_listxattr vfs_listxattr ovl_listxattr __x64_sys_msgrcv \
		do_msgrcv posix_timer_fn "$W:workload_recursion"
	measure "small.$1.recursion" listxattr 4 400 $DEEP
	reference posix_timer_fn
	measure_both "small.$1.interrupted" "timers 2 400" "listxattr 2 400 $DEEP"
	drop_reference posix_timer_fn
	measure "small.$1.user" user-recursion 4 40
	measure "small.$1.killed" msgrcv-killed 20 40
	measure "small.$1.sleepers" msgrcv-sleep 400 400 1
	measure "small.$1.after" listxattr 4 400 $DEEP
	stop_exporter
	BINARY=build/retprobe_exporter
}

uname -r >"$RESULTS/kernel"
copy_symbols __x64_sys_ vfs_ security_inode_ security_path_ do_unlinkat filename_unlinkat do_msgrcv \
	ovl_listxattr posix_timer_fn
cat /sys/kernel/debug/sched/preempt >"$RESULTS/preempt" 2>/dev/null
run_case() {
	case $1 in
	start | many | slots | scraped | model) "case_$1" ;;
	percpu.*) case_percpu "${1#percpu.}" ;;
	small.*) case_small "${1#small.}" ;;
	*) case_mechanism "$1" ;;
	esac && echo "$1" >>"$RESULTS/cases"
}

if [ $# -eq 0 ]; then
	: >"$RESULTS/all"
	for mechanism in fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe; do
		run_case $mechanism || continue
		[[ $mechanism != k* ]] || set -- "$@" "percpu.$mechanism"
	done
	! grep -q voluntary $MODEL 2>/dev/null || set -- model "$@"
	set -- start many slots scraped "$@" small.fexit small.kretprobe
fi
for case; do
	run_case "$case" || fail "case $case"
done
# Skips cases that depend on the emulating machine, not on the kernel.
dmesg | grep -E 'WARNING: |BUG: |Oops|general protection|unregister_netdevice' |
	grep -v -E 'soft lockup|stall' >"$RESULTS/dmesg"
exit 0
