#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: kernel functions with several names. System calls without arguments have several, and the
# kernel lists one of them as traceable. Each mechanism has a system call of its own, so one exporter and one
# workload suffice. Writes results to $RESULTS for names_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

uname -r >"$RESULTS/kernel"
copy_symbols '__[a-z0-9]*_sys_' cookie_hash
"$BINARY" --config.check __x64_sys_munlockall '__*_sys_munlockall' cookie_hash >"$RESULTS/plan" 2>&1 ||
	fail "the plan: $(cat "$RESULTS/plan")"
"$BINARY" --config.check cookie_hash 'cookie_hash.*' >"$RESULTS/clones" 2>&1
grep -c ' cookie_hash.isra.0$' /proc/kallsyms >"$RESULTS/has_clone"

# Mechanisms that this kernel lacks are refused.
cat >/tmp/names.yaml <<'Y'
probes:
  - {functions: [__x64_sys_munlockall, "__*_sys_munlockall"]}
  - {functions: [__x64_sys_inotify_init, "__*_sys_inotify_init"], mechanism: fsession.multi}
  - {functions: [__x64_sys_vhangup, "__*_sys_vhangup"], mechanism: fsession}
  - {functions: [__x64_sys_getegid, "__*_sys_getegid"], mechanism: fexit}
  - {functions: [__x64_sys_geteuid, "__*_sys_geteuid"], mechanism: kprobe.session}
  - {functions: [__x64_sys_getgid, "__*_sys_getgid"], mechanism: kprobe.multi}
  - {functions: [__x64_sys_getuid, "__*_sys_getuid"], mechanism: kretprobe}
Y
start_exporter --config.file=/tmp/names.yaml
measure names without-arguments 1 100
get /api/v1/probes "$RESULTS/probes" || fail "the probes"
stop_exporter || fail "stopped badly"
note_complaints
exit 0
