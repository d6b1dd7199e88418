#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: a function with two known callers, by each mechanism in turn. Writes scrapes to $RESULTS for
# callers_check.py.
#
#	callers_guest.sh [MECHANISM...]		default: all that this kernel has
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

uname -r >"$RESULTS/kernel"
kernel_mechanisms
[ $# -eq 0 ] || mechanisms=("$@")
for mechanism in "${mechanisms[@]}"; do
	start_exporter --mechanism="$mechanism" --label=caller --label='caller[2]' \
		--label='device=file->f_inode->i_rdev' --filter='comm == callers' vfs_read
	run callers read-zero 1 300 64
	run callers read-file 1 200 /dev/zero
	scrape "$mechanism.after"
	stop_exporter || fail "stopped badly"
	echo "$mechanism" >>"$RESULTS/runs"
done
dmesg | grep -E 'WARNING: |BUG: |Oops|general protection' | grep -v -E 'soft lockup|stall' >"$RESULTS/dmesg"
exit 0
