#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: kernel functions that have several names. System calls without arguments do, and the kernel
# lists only one of them as traceable.
#
#	names_guest.sh [MECHANISM...]	all of them, and `auto`
#
# Scrapes go to $RESULTS for names_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

names=(__x64_sys_munlockall '__*_sys_munlockall')
[ $# -gt 0 ] || set -- auto fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe
uname -r >"$RESULTS/kernel"
"$BINARY" --config.check "${names[@]}" >"$RESULTS/plan" 2>&1 || fail "the plan: $(cat "$RESULTS/plan")"
grep -c ' cookie_hash.isra.0$' /proc/kallsyms >"$RESULTS/has_clone"
"$BINARY" --config.check cookie_hash 'cookie_hash.*' >"$RESULTS/clones" 2>&1
"$BINARY" --config.check cookie_hash >"$RESULTS/clone" 2>&1
for mechanism; do
	try_exporter --mechanism="$mechanism" "${names[@]}" || continue
	measure "$mechanism" munlockall 1 100
	get /api/v1/probes "$RESULTS/$mechanism.probes" || fail "the probes"
	stop_exporter || fail "stopped badly"
	echo "$mechanism" >>"$RESULTS/mechanisms"
done
dmesg | grep -E 'WARNING: |BUG: |Oops|general protection' | grep -v -E 'soft lockup|stall' >"$RESULTS/dmesg"
exit 0
