#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: a function with two known callers, one whose calls are off the CPU for a known time, and one whose calls
# are on the CPU, by each mechanism in turn. Writes scrapes to $RESULTS for callers_check.py.
#
#	callers_guest.sh [MECHANISM...]		default: all that this kernel has
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

uname -r >"$RESULTS/kernel"
kernel_mechanisms
[ $# -eq 0 ] || mechanisms=("$@")
cat >/tmp/callers.yaml <<'Y'
probes:
  - functions: vfs_read
    labels: [caller, "caller[2]", {device: "file->f_inode->i_rdev"}]
    filter: comm == callers
  - functions: hrtimer_nanosleep
    filter: ["comm == napper", "duration > 15ms"]   # not the workload's first one
    split: cpu
    counters: [page-faults, context-switches]
  - functions: "do_unlinkat|filename_unlinkat"
    filter: comm == counted
    counters: [cpu-clock, cycles]
Y
for mechanism in "${mechanisms[@]}"; do
	start_exporter --mechanism="$mechanism" --config.file=/tmp/callers.yaml
	run callers read-zero 1 300 64
	run callers read-file 1 200 /dev/zero
	run napper usage 1 20 sleep
	tail -n 2 "$RESULTS/work" >"$RESULTS/$mechanism.taken"
	run counted unlink-missing 1 500
	scrape "$mechanism.after"
	stop_exporter || fail "stopped badly"
	grep -q 'counter cycles is unavailable' "$RESULTS/exporter.log" && : >"$RESULTS/no_cycles"
	echo "$mechanism" >>"$RESULTS/runs"
done
note_complaints
exit 0
