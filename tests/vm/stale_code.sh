#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shows that the emulator, and not the exporter, is to blame for guests that die of stale code. In a guest
# without an exporter, the kernel patches branches of its scheduler (static keys) while both CPUs run them.
#
#	stale_code.sh [SERIES [SECONDS [guest.sh OPTION...]]]		7, 300; `-s` lets the CPUs take turns
#
# Prints how often the kernel was patched, and how the guest ended. A guest can end well: repeat it.
set -u
cd "$(dirname "$0")/../.." || exit 1
series=${1:-7} seconds=${2:-300}
shift $(($# < 2 ? $# : 2))
# shellcheck disable=SC2016 # the guest expands them
tests/vm/guest.sh -k "$series" -t $((seconds + 120)) "$@" -- bash -c '
	build/workload nanosleep 8 80000000 &
	count=0 told=0
	while [ $SECONDS -lt "$0" ]; do
		echo 1 >/proc/sys/kernel/sched_schedstats
		echo 0 >/proc/sys/kernel/sched_schedstats
		count=$((count + 2))
		[ $SECONDS -lt $((told + 5)) ] || { told=$SECONDS && echo "patched $count times in $SECONDS s"; }
	done' "$seconds"
code=$?
if [ $code -eq 0 ]; then
	echo "the guest ended well"
else
	echo "the exit code of the guest is $code; it had no exporter"
fi
exit $code
