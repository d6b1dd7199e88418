#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest with many CPUs: calls on each of them, and on all at once. Writes scrapes to $RESULTS for cpus_check.py.
#
#	cpus_guest.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

failed="filter: \"ret == -EINVAL || ret == -EFAULT\""
cat >/tmp/cpus.yaml <<Y
probes:
  - {functions: ${SYS}sched_get_priority_max}
  - {functions: ${SYS}sched_get_priority_min, labels: [cpu]}
  - {functions: ${SYS}getresuid, mechanism: kretprobe, labels: [cpu]}
  - {functions: ${SYS}getresgid, labels: [cpu], $failed}
  - {syscalls: sched_get_priority_min, mechanism: tracepoint, labels: [cpu], max_series: 1000}
  - {user: {object: $W, functions: workload_first}, labels: [cpu]}
Y
nproc >"$RESULTS/cpus"
copy_symbols "$SYS"
start_exporter --config.file=/tmp/cpus.yaml
ln -sf "$W" /tmp/turner
for ((cpu = 0; cpu < $(nproc); cpu++)); do
	taskset -c $cpu /tmp/turner by-turns 1 20 >>"$RESULTS/work" || fail "turner on CPU $cpu"
	taskset -c $cpu /tmp/turner user-functions 1 20 7 >>"$RESULTS/work" || fail "user functions on CPU $cpu"
done
scrape each
run turner by-turns "$(nproc)" $(($(nproc) * 50))
run turner user-functions "$(nproc)" $(($(nproc) * 50)) 7
scrape all
stop_exporter || fail "stopped badly"
exit 0
