#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest, or on this machine: tracepoints with events whose number and fields are known. Writes scrapes to
# $RESULTS for events_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
if [ ! -e $T/events ]; then # this machine
	[ -n "${UNSHARED:-}" ] || UNSHARED=1 exec unshare --mount "$0"
	mount -t tracefs none $T || fail "tracefs"
fi

uname -r >"$RESULTS/kernel"
cat >/tmp/events.yaml <<Y
probes:
# numbers and texts in the record
  - tracepoints: task:task_rename
    labels: [{old: oldcomm}, {new: newcomm}, comm]
    filter: ["newcomm in [even0, odd0, even1, odd1, even2, odd2, even3, odd3]"]
    max_series: 200
# names of numbers, a filter on a number, an observed value
  - tracepoints: [signal:signal_generate]
    labels: [{signal: "signal(sig)"}]
    filter: [comm == signaller, "sig in [SIGUSR1, SIGUSR2]"]
    observe: {number: sig}
# text with its place in the record, by a glob; another tracepoint without anything
  - tracepoints: ["sched:sched_process_e*", "!sched:sched_process_exit"]
    labels: [{program: "basename(filename)"}]
    filter: [filename == /tmp/executed*]
  - tracepoint:sched:sched_process_exit
# the same without records
  - raw_tracepoints: task_rename
    labels: [{old: "task->comm"}, {new: "str(arg1)"}, comm]
    filter: ["str(arg1) in [even0, odd0, even1, odd1, even2, odd2, even3, odd3]"]
    max_series: 200
  - raw_tracepoints: [signal_generate]
    labels: [{signal: "signal(sig)"}]
    filter: ["task->comm == signaller", "sig in [SIGUSR1, SIGUSR2]"]
    observe: {number: sig}
  - raw_tracepoints: ["sched_process_e*", "!sched_process_exit"]
    labels: [{program: "basename(bprm->filename)"}]
    filter: [bprm->filename == /tmp/executed*]
  - raw_tracepoint:sched_process_exit
  - raw_tracepoints: no_such_event|task_newtask
  - raw_tracepoints: no_such_event
# a list of alternatives, and one that does not exist
  - "tracepoint:sched:no_such_event|signal:signal_deliver"
  - tracepoints: sched:no_such_event
Y
if [ -e $T/events/syscalls/sys_enter_getsid/id ]; then
	cat >>/tmp/events.yaml <<-Y
	# arguments of system calls
	  - tracepoints: syscalls:sys_enter_getsid
	    labels: [{asked: pid}]
	    max_series: 700
	    filter: ["(pid) > 900000"]
	  - tracepoints: syscalls:sys_exit_getsid
	    labels: [{result: "errno(ret)"}]
	    filter: [comm == asker]
	Y
	echo yes >"$RESULTS/syscalls"
fi
if [ -n "${GUEST:-}" ]; then
	cat >>/tmp/events.yaml <<-Y
	# entries of functions, one of which does not return
	  - entries: [${SYS}getsid]
	    labels: [{asked: "$SYS_ARG0"}]
	    max_series: 700
	    filter: ["$SYS_ARG0 > 900000"]
	  - {entries: [do_exit, "!nosuch"], labels: [comm], filter: [comm == executed*]}
	  - entries: [no_such_function]
	Y
	echo yes >"$RESULTS/functions"
fi
start_exporter --config.file=/tmp/events.yaml
scrape before
run renamer rename 4 20000
run signaller ignored-signals 2 4000
run asker by-pid 2 600 2000000
for name in a b b; do
	cp /bin/true "/tmp/executed-$name" || fail "copying"
	"/tmp/executed-$name" || fail "executing"
done
scrape after
get /api/v1/probes "$RESULTS/probes" || fail "the probes"

# Others who use the tracepoint see all events, too.
"$W" rename-counted 2 100 >"$RESULTS/perf" || fail "counting"

# A reload: what has not changed goes on.
sed -i 's/max_series: 200/max_series: 201/; /no_such_event$/d' /tmp/events.yaml
kill -HUP "$exporter"
wait_until "the reload" $CLIENT until $PORT /metrics '^retprobe_events_total\{object="raw_tracepoint",event="task_rename".*} 0' \
	"$RESULTS/reloaded"
run signaller ignored-signals 1 400
run renamer rename 1 10
scrape later
stop_exporter
ls -d $T/events/*/retprobe* >"$RESULTS/leftovers" 2>/dev/null
exit 0
