#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shows that the emulator, and not the exporter, is to blame for guests that die of stale code: a guest without an
# exporter patches calls of its own tracers in and out, while both CPUs run the patched functions.
#
#	stale_code.sh [SERIES [SECONDS [guest.sh OPTION...]]]		7, 600; `-s` lets the CPUs take turns
#
# Prints how often the kernel was patched, and how the guest ended. A run may end well: repeat it.
set -u
cd "$(dirname "$0")/../.." || exit 1
series=${1:-7} seconds=${2:-600}
shift $(($# < 2 ? $# : 2))
tests/vm/guest.sh -k "$series" -t $((seconds + 120)) "$@" -- bash -c '
	cd /sys/kernel/tracing || exit 1
	for directory in /tmp/1 /tmp/2; do
		mkdir $directory
		while :; do
			: >$directory/file && read -r line </proc/self/stat
		done &
	done
	echo vfs_\* security_\* do_sys\* >set_ftrace_filter
	while [ $SECONDS -lt "$0" ]; do
		for patched in 1 2 3 4 5 6 7 8 9 10; do
			echo function >current_tracer
			echo nop >current_tracer
			echo 1 >events/sched/enable
			echo 0 >events/sched/enable
			count=$((${count:-0} + 4))
		done
		echo "patched $count times in $SECONDS s"
	done' "$seconds"
code=$?
case $code in
0) echo "the guest ended well" ;;
*) echo "the guest's exit code is $code, and it had no exporter" ;;
esac
exit $code
