#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest, or on this machine: spans between system calls whose number and keys are known, and in a guest
# requests of a disk that takes 20 ms. Writes scrapes to $RESULTS for spans_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
if [ ! -e $T/events ]; then # this machine
	[ -n "${UNSHARED:-}" ] || UNSHARED=1 exec unshare --mount "$0"
	mount -t tracefs none $T || fail "tracefs"
fi

uname -r >"$RESULTS/kernel"
case $(uname -m) in
aarch64) getsid=156 getpgid=155 getscheduler=120 ;;
*) getsid=124 getpgid=121 getscheduler=145 ;;
esac
ours='filter: "(pid) >= 3000000"'
points="
    begin: {tracepoint: syscalls:sys_enter_getsid, key: pid, $ours}
    end: {tracepoint: syscalls:sys_enter_getpgid, key: pid, $ours}
    cancel: {tracepoint: syscalls:sys_enter_sched_getscheduler, key: pid, $ours}"
cat >/tmp/spans.yaml <<Y
spans:
  - name: mixed $points
    labels: [{odd: "pid & 1"}]
  - name: small $points
    max_running: 20
  - name: late $points
    labels: [comm, {odd: "(pid) & 1"}, {asked: "(pid) & 3"}]
    labels_at: end
    max_running: 1000
# without records, and from one to the other
  - name: raw
    begin: {raw_tracepoint: sys_enter, key: "$SYS_ARG0", filter: ["id == $getsid", "$SYS_ARG0 >= 3000000"]}
    end: {raw_tracepoint: sys_enter, key: "$SYS_ARG0", filter: ["id == $getpgid", "$SYS_ARG0 >= 3000000"]}
    cancel: {raw_tracepoint: sys_enter, key: "$SYS_ARG0", filter: ["id == $getscheduler", "$SYS_ARG0 >= 3000000"]}
    labels: [{odd: "$SYS_ARG0 & 1"}]
    max_running: 1000
  - name: crossed
    begin: {tracepoint: syscalls:sys_enter_getsid, key: pid, $ours}
    cancel: {tracepoint: syscalls:sys_enter_sched_getscheduler, key: pid, $ours}
    end: {raw_tracepoint: sys_enter, key: "$SYS_ARG0", filter: ["id == $getpgid", "$SYS_ARG0 >= 3000000"]}
    labels: [{odd: "pid & 1"}]
# a key of two parts, an outcome, and what no label reads
  - name: call
    begin: {tracepoint: syscalls:sys_enter_getsid, key: [tid, uid], $ours}
    end: {tracepoint: syscalls:sys_exit_getsid, key: [tid, uid]}
    labels: [comm, {asked: pid}]
    outcome: ret
    max_series: 100
# a time that is known
  - name: sleep
    begin: {tracepoint: syscalls:sys_enter_clock_nanosleep, key: tid, filter: comm == sleeper}
    end: {tracepoint: syscalls:sys_exit_clock_nanosleep, key: tid, filter: [comm == sleeper, "(ret) == 0"]}
Y
if [ -n "${GUEST:-}" ]; then
	cat >>/tmp/spans.yaml <<-Y
	# from the entry of a function to that of another one
	  - name: functions
	    begin: {function: ${SYS}getsid, key: "$SYS_ARG0", filter: "$SYS_ARG0 >= 3000000"}
	    end: {function: ${SYS}getpgid, key: "$SYS_ARG0", filter: "$SYS_ARG0 >= 3000000"}
	    labels: [{odd: "$SYS_ARG0 & 1"}]
	  - name: both
	    begin: {tracepoint: syscalls:sys_enter_getsid, key: pid, $ours}
	    end: {function: ${SYS}getpgid, key: "$SYS_ARG0", filter: "$SYS_ARG0 >= 3000000"}
	    labels: [comm, {odd: "$SYS_ARG0 & 1"}]
	    labels_at: end
	Y
	echo yes >"$RESULTS/functions"
fi
# in a program: probes of its own, also by themselves, and a function
probes=()
if [ -x build/shop ]; then
	cat >>/tmp/spans.yaml <<-Y
	  - name: order
	    begin: {usdt: "$PWD/build/shop:order__start", key: arg0}
	    end: {usdt: "$PWD/build/shop:order__done", key: arg0}
	    cancel: {usdt: "$PWD/build/shop:order__dropped", key: arg0}
	    labels: [{what: str(arg1)}]
	    outcome: arg1
	# from the end of an order to the next one: text of the end
	  - name: pause
	    begin: {usdt: "$PWD/build/shop:order__done", key: tid}
	    end: {usdt: "$PWD/build/shop:order__start", key: tid}
	    labels: [comm, {what: str(arg1)}, {rest: "arg0 & 3"}]
	    labels_at: end
	  - name: sizes
	    begin: {usdt: "$PWD/build/shop:sizes", key: tid}
	    end: {usdt: "$PWD/build/shop:sizes__done", key: tid}
	    labels: [{a: arg0}, {b: arg1}, {c: arg2}, {d: arg3}, {e: arg4}, {f: arg5}]
	  - name: delivery
	    begin: {function: "$PWD/build/shop:deliver", key: tid}
	    end: {return: "$PWD/build/shop:deliver", key: tid}
	    labels: [{order: "order & 3"}]
	    outcome: ret
	Y
	probes=("--label=what=str(arg1)" "--filter=arg0 < 50" "$PWD/build/shop:usdt:order__start")
	echo yes >"$RESULTS/shop"
fi
if [ -n "${GUEST:-}" ] && modprobe -q null_blk irqmode=2 completion_nsec=20000000 nr_devices=1; then
	cat >>/tmp/spans.yaml <<-'Y'
	  - name: block_io
	    begin: {tracepoint: block:block_rq_issue, key: [dev, sector]}
	    end: {tracepoint: block:block_rq_complete, key: [dev, sector]}
	    labels: [{device: "blkdev(dev)"}, {operation: rwbs}]
	    outcome: error
	Y
	echo yes >"$RESULTS/disk"
fi
start_exporter --config.file=/tmp/spans.yaml "${probes[@]}"
"$W" mix-keys 4 40000 64 >"$RESULTS/mixed.json" || fail "mixing keys"
scrape mixed
# Each key that is running ends, and each that is not is told.
"$W" end-keys 1 64 >>"$RESULTS/work" || fail "ending"
scrape drained
"$W" begin-keys 1 200 >>"$RESULTS/work" || fail "beginning"
scrape begun
"$W" begin-keys 1 200 >>"$RESULTS/work" || fail "beginning again"
scrape again
"$W" end-keys 1 200 >>"$RESULTS/work" || fail "ending"
scrape ended
run sleeper nanosleep 2 20
if [ -e "$RESULTS/shop" ]; then
	echo | build/shop >>"$RESULTS/work" || fail "the shop"
fi
scrape slept

if [ -e "$RESULTS/disk" ]; then
	dd if=/dev/nullb0 of=/dev/null bs=4k count=20 iflag=direct 2>>"$RESULTS/work" || fail "reading"
	dd if=/dev/zero of=/dev/nullb0 bs=4k count=10 seek=100 oflag=direct 2>>"$RESULTS/work" || fail "writing"
	scrape disk.after
fi

# A reload: those that run go on, a span that has changed begins anew.
"$W" begin-keys 1 30 >>"$RESULTS/work" || fail "beginning"
sed -i 's/max_running: 20/max_running: 60/' /tmp/spans.yaml
printf 'probes: [tracepoint:sched:sched_process_exit]\n' >>/tmp/spans.yaml
kill -HUP "$exporter"
wait_until "the reload" $CLIENT until $PORT /metrics '^retprobe_events_total' "$RESULTS/reloaded"
"$W" end-keys 1 30 >>"$RESULTS/work" || fail "ending"
scrape later

# One that goes on.
"$W" begin-keys 1 1 >>"$RESULTS/work" || fail "beginning"
scrape since
pause 1.5
get /metrics "$RESULTS/old" || fail "scrape"
pause 0.5
get /metrics "$RESULTS/old" || fail "scrape"
stop_exporter
exit 0
