#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: cases in which calls could get lost or be counted twice.
#
#	conformance_edges_guest.sh [CASE...]	a CASE is start, many, MECHANISM, small.MECHANISM, or again, which
#						starts the MECHANISMs once more; default: all
#
# Exporters of several mechanisms run at once, and count the same calls. Writes scrapes to $RESULTS for
# conformance_edges_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

UNLINK='do_unlinkat|filename_unlinkat'
DEEP=/dev/shm/upper/file # on two layers of overlayfs

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
MODEL=/sys/kernel/debug/sched/preempt
other_mechanism() {
	get /metrics /run/model.metrics && ! grep -q 'retprobe_probe_info.*mechanism="fexit"' /run/model.metrics
}

# do_msgrcv() has few return slots. The missed calls of getpgid(2) are computed from the kernel's counts.
case_start() {
	cat >/tmp/start.yaml <<-Y
	probes:
	  - {functions: ["$UNLINK", vfs_unlink, ${SYS}msgrcv]}
	  - {syscalls: msgrcv}
	  - {functions: do_msgrcv, mechanism: kretprobe, maxactive: 10}
	  - {functions: ${SYS}getpgid, mechanism: kretprobe}
	Y
	hold flight 20
	start_exporter --config.file=/tmp/start.yaml
	release flight
	scrape in-flight.after
	measure nested unlink-existing 4 400
	measure killed msgrcv-killed 50 50
	measure slots msgrcv-sleep 100 200 1
	case_scraped
	! grep -q '(voluntary) full' $MODEL 2>/dev/null || case_model
	stop_exporter || fail "stopped badly"
}

# Two servers scrape without a pause, so that reads are milliseconds apart.
case_scraped() {
	start_scraper 0
	local first=$scraper first_scraping=$scraping
	start_scraper 0
	measure scraped getpgid-live 4 200000
	stop_scraper
	scraper=$first scraping=$first_scraping
	stop_scraper
}

# A kernel that becomes preemptible after trampolines were chosen.
case_model() {
	cp "$RESULTS/scraped.after" "$RESULTS/model.voluntary"
	echo full >$MODEL || fail "the kernel's preemption model"
	wait_until "another mechanism" other_mechanism
	measure model unlink-missing 4 4000
	echo voluntary >$MODEL
	echo model >>"$RESULTS/cases"
}

# Every function of a family at once: nested calls through many probes.
case_many() {
	start_exporter 'vfs_*' "$UNLINK" 'security_inode_*' 'security_path_*'
	start_scraper
	measure many unlink-existing 4 400
	stop_scraper
	stop_exporter || fail "stopped badly"
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

# Starts an exporter per mechanism, those of kprobes with another OPTION.
start_each() { # start_each OPTION ARGS...
	local mechanism cells=$1
	shift
	for mechanism in "${mechanisms[@]}"; do
		# shellcheck disable=SC2086 # words
		case $mechanism in
		k*) try_one "$mechanism" $cells "$@" ;;
		*) try_one "$mechanism" "$@" ;;
		esac || [ -e "$RESULTS/all" ] || fail "no $mechanism"
	done
	mechanisms=("${live[@]}")
}

# Whether each mechanism of kprobes has missed calls.
all_missed() {
	local mechanism file line
	local -A missed=()
	while IFS=: read -r file line; do
		file=${file##*/}
		missed[$file]=$((${missed[$file]:-0} + ${line##* }))
	done < <(grep '^retprobe_missed_total' "$RESULTS"/k*.percpu.after)
	for mechanism in "${live[@]}"; do
		[[ $mechanism != k* ]] ||
			[ "${missed[$mechanism.before.percpu.after]}" -ne "${missed[$mechanism.percpu.after]}" ] || return 1
	done
}

# Stopped while calls are in progress. The exporters saw the entries of some.
case_mechanisms() { # those in $mechanisms that this kernel has
	set_up_recursion
	hold before 20
	start_each "" vfs_listxattr "$UNLINK" vfs_unlink ${SYS}msgrcv posix_timer_fn ${SYS}getpgid
	scrape_each start
	measure_each recursion "" "listxattr 4 400 $DEEP"
	measure_each nested "" "unlink-existing 4 400"
	measure_each killed "" "msgrcv-killed 4 40"
	reference posix_timer_fn
	start_scraper 0.02 "${port_of[@]}"
	measure_each interrupt "" "timers 4 1000"
	measure_each interrupted "" "timers 2 1000" "getpgid-live 2 20000"
	stop_scraper
	drop_reference posix_timer_fn
	hold during 2
	scrape_each held
	stop_each
	cat $T/kprobe_events >"$RESULTS/stopped.leftovers"
	printf '%s\n' "${mechanisms[@]}" >>"$RESULTS/cases"
	if $again; then
		case_again
	else
		release before
		release during
	fi
}

# The next exporters start at once, and see all calls in progress return.
case_again() {
	echo "(other exporters)" >>"$RESULTS/order"
	start_each --cells=percpu ${SYS}msgrcv posix_timer_fn
	release before
	release during
	scrape_each second
	measure_each third "" "msgrcv-sleep 2 20 1"
	[[ ${mechanisms[*]} != *k* ]] || case_percpu
	stop_each again.
	echo again >>"$RESULTS/cases"
}

# Hard interrupts, while cells and other maps are read by bpf(2) all the time.
case_percpu() {
	reference posix_timer_fn
	start_scraper 0 "${port_of[@]}"
	# No program runs while bpf(2) accesses a map.
	"$W" map-lookup 1 100000000 >/dev/null &
	local storm=$!
	# On a busy machine, no interrupt may have arrived at such a moment. Then try again.
	for _ in 1 2 3 4 5 6; do
		scrape_each before.percpu
		measure_each percpu "" "timers 4 1000"
		! all_missed || break
	done
	kill $storm
	stop_scraper
	drop_reference posix_timer_fn
}

# More calls than slots, task storage and hash maps can hold: see build/small in the Makefile.
case_small() { # those in $mechanisms
	set_up_recursion
	BINARY=build/small/retprobe_exporter
	start_each "" ${SYS}listxattr vfs_listxattr ovl_listxattr ${SYS}msgrcv do_msgrcv posix_timer_fn \
		"$W:workload_recursion"
	scrape_each start small.
	measure_each recursion small. "listxattr 4 400 $DEEP"
	reference posix_timer_fn
	measure_each interrupted small. "timers 2 400" "listxattr 2 400 $DEEP"
	drop_reference posix_timer_fn
	measure_each user small. "user-recursion 4 40"
	measure_each killed small. "msgrcv-killed 20 40"
	measure_each sleepers small. "msgrcv-sleep 400 400 1"
	measure_each after small. "listxattr 4 400 $DEEP"
	stop_each small.
	BINARY=build/retprobe_exporter
	printf 'small.%s\n' "${mechanisms[@]}" >>"$RESULTS/cases"
}

cat /proc/sys/kernel/osrelease >"$RESULTS/kernel"
copy_symbols "$SYS" vfs_ security_inode_ security_path_ do_unlinkat filename_unlinkat do_msgrcv \
	ovl_listxattr posix_timer_fn
cat $MODEL >"$RESULTS/preempt" 2>/dev/null
if [ $# -eq 0 ]; then
	: >"$RESULTS/all"
	kernel_mechanisms
	set -- start many "${mechanisms[@]}" again small.fexit small.kretprobe
fi
forced=() small=() again=false
for case; do
	case $case in
	start | many) "case_$case" && echo "$case" >>"$RESULTS/cases" ;;
	again) again=true ;;
	small.*) small+=("${case#small.}") ;;
	*) forced+=("$case") ;;
	esac
done
mechanisms=("${forced[@]}")
[ ${#forced[@]} -eq 0 ] || case_mechanisms
mechanisms=("${small[@]}")
[ ${#small[@]} -eq 0 ] || case_small
# Skips cases that depend on the emulating machine, not on the kernel.
dmesg | grep -E 'WARNING: |BUG: |Oops|general protection|unregister_netdevice' |
	grep -v -E 'soft lockup|stall' >"$RESULTS/dmesg"
exit 0
