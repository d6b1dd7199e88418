#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: samples of calls that are known, by each mechanism. Writes results to $RESULTS for samples_check.py.
#
#	samples_guest.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# The operations by-turns and user-functions call each of these functions once.
default="maxactive: 16"
[[ $(uname -r) != 5.* ]] || default="mechanism: kretprobe, maxactive: 16"
failed="labels: [comm], filter: \"comm == turner\", sample: {when: outcome == error, per_second: 1000000, show: {first: \"${SYS_ARG0/#regs/cast(arg0, struct pt_regs)}\", who: comm, code: ret}}"
user="returns: long as errno, error: == 7, labels: [comm], sample: {when: outcome == error, per_second: 1000000, stacks: [kernel, user], show: {value: arg0}}"
cat >/tmp/samples.yaml <<Y
defaults: {$default}
probes:
  - {functions: ${SYS}sched_get_priority_max, mechanism: fsession.multi, $failed}
  - {functions: ${SYS}sched_get_priority_min, mechanism: fsession, $failed}
  - {functions: ${SYS}getresuid, mechanism: fexit, $failed}
  - {functions: ${SYS}getresgid, mechanism: kprobe.session, $failed}
  - {functions: ${SYS}getcpu, mechanism: kprobe.multi, $failed}
  - {functions: ${SYS}getrlimit, mechanism: kretprobe, $failed}
  - {user: {object: $W, functions: workload_first}, mechanism: uprobe.ret, $user}
  - {user: {object: $W, functions: workload_second}, mechanism: uprobe.session, $user}
  - {user: {object: $W, functions: workload_third}, mechanism: uprobe.multi, $user}
  - {user: {object: $W, functions: workload_fourth}, mechanism: uretprobe, $user}
  - {functions: ${SYS}msgrcv, sample: {when: "duration > 1ms", per_second: 1000000}}
  - {functions: ${SYS}getpgid, sample: {when: [ret > 0, "duration < 1h || outcome == ok"], per_second: 5, stacks: []}}
  - {functions: ${SYS}lseek, returns: value, filter: "comm == seeker", sample: on}
  - functions: vfs_read
    filter: comm == cat
    split: cpu
    sample: {when: ret > 0, per_second: 1000000, stacks: [], show: {path: path(file), fs: file->f_inode->i_sb->s_type->name, size: count}}
  - {syscalls: sched_get_priority_max, durations: off, sample: {when: "value == EINVAL"}}
Y

# Only the newest of all functions are kept.
samples_of() { # samples_of FUNCTION...
	local function
	for function; do
		get "/api/v1/samples?limit=1000&function=$function" "$RESULTS/$function.samples" || fail "samples of $function"
	done
}

uname -r >"$RESULTS/kernel"
start_exporter --config.file=/tmp/samples.yaml
run turner by-turns 1 2000
get "/api/v1/samples?function=${SYS}getrlimit" "$RESULTS/names" # reads kallsyms
samples_of "${SYS}"{sched_get_priority_max,sched_get_priority_min,getresuid,getresgid,getcpu,getrlimit}
run seven user-functions 1 1000 7
samples_of workload_{first,second,third,fourth}
run eight user-functions 1 9000 8
run sleeper msgrcv-sleep 2 100
run invalid msgrcv-invalid 1 10000
samples_of "${SYS}msgrcv"
run group getpgid-live 1 3000
run seeker lseek-many 1 50 /tmp/samples.yaml
samples_of "${SYS}"{getpgid,lseek}
cat /tmp/samples.yaml >"$RESULTS/read" || fail "cat"
samples_of vfs_read
scrape after
stop_exporter || fail "stopped badly"
note_complaints
exit 0
