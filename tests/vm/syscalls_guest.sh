#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: system calls attached by the tracepoints, and by their functions with each mechanism. All
# exporters count the same calls at once. Writes results to $RESULTS for syscalls_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

uname -r >"$RESULTS/kernel"
copy_symbols "__[a-z0-9]*_sys_" "__[a-z0-9]*_compat_sys_" syscall_trace_enter __seccomp_permit_syscall \
	ptrace_notify x32_
"$BINARY" --config.check syscall:getpgid >"$RESULTS/plan" 2>&1 || fail "the plan: $(cat "$RESULTS/plan")"

cat >/tmp/sessions.yaml <<'Y'
probes:
  - {syscalls: sched_rr_get_interval, labels: [comm, {wanted: arg0}]}
  - {syscalls: getpgid, labels: [{wanted: arg0}], filter: comm == kinds}
  - {syscalls: munlockall, labels: [comm]}
  - {syscalls: [clone, fork, vfork, execve, readv, msgrcv], filter: comm == kinds}
  - {syscalls: getpriority}
Y
cp /tmp/sessions.yaml /tmp/pairs.yaml
# Sessions need a program at the entry.
echo '  - {syscalls: sched_get_priority_max, durations: off}' >>/tmp/pairs.yaml
kernel_mechanisms
case $(uname -r) in
7.*) mechanisms=(kprobe.session kprobe.multi kretprobe) ;; # the others lose calls on a preemptible kernel
esac
for mechanism in tracepoint "${mechanisms[@]}"; do
	case $mechanism in
	*session*) config=/tmp/sessions.yaml ;;
	*) config=/tmp/pairs.yaml ;;
	esac
	try_one "$mechanism" --config.file=$config || fail "$mechanism"
done
scrape_each before
# Answered calls have the program's name.
for who in errno trap notify tracer; do
	build/calls/answered $who || fail "answered $who"
done
build/calls/kinds >"$RESULTS/x32" || fail "kinds"
scrape_each after
for mechanism in "${live[@]}"; do
	PORT=${port_of[$mechanism]} get /api/v1/probes "$RESULTS/$mechanism.probes" || fail "the probes"
done
cat $T/kprobe_events >"$RESULTS/events"
stop_each ""
# More answers at a time than this build has room for. (5.10 does not count them.)
BINARY=build/small/retprobe_exporter
start_exporter syscall:sched_rr_get_interval
build/calls/answered crowd || fail "answered crowd"
get /metrics "$RESULTS/crowd" || fail "the scrape"
stop_exporter
cat $T/kprobe_events >"$RESULTS/leftovers"
note_complaints
exit 0
