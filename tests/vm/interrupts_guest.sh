#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: a function that tasks and hard interrupts call all the time. Interrupts arrive while its
# programs run. The guest counts instructions instead of time (see conformance.sh), so the result does not
# depend on the machine.
#
#	interrupts_guest.sh [MECHANISM...]	default: all
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

function=kill_pid_info_type
grep -qw $function $T/available_filter_functions || function=kill_pid_info
if [ $# -eq 0 ]; then
	: >"$RESULTS/all"
	set -- fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe kprobe
fi

uname -r >"$RESULTS/kernel"
cat /sys/kernel/debug/sched/preempt >"$RESULTS/preempt" 2>/dev/null
reference $function
for mechanism; do
	probe=$function
	[ "$mechanism" != kprobe ] || probe=entry:$function
	try_exporter --mechanism="$mechanism" "$probe" || continue
	measure "$mechanism" signals 1 40000
	get /api/v1/probes "$RESULTS/$mechanism.probes.json" || fail "/api/v1/probes"
	stop_exporter || fail "stopped badly"
	echo "$mechanism" >>"$RESULTS/cases"
done
exit 0
