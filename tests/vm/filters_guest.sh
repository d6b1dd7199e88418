#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: filters on the result with alternatives, with whatever else probes can have, by each mechanism in
# turn. These programs need the most stack. Writes scrapes to $RESULTS for filters_check.py.
#
#	filters_guest.sh [MECHANISM...]		default: all that this kernel has
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# The operation by-turns calls each of these system calls once, and every other time they fail.
kernel_probes() {
	cat <<Y
  - functions: ${SYS}sched_get_priority_max
    filter: ["!(ret != -EINVAL && duration <= 1h)", "comm not in [other, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s]"]
  - functions: ${SYS}sched_get_priority_min
    labels: [comm, {policy: "$SYS_ARG0"}]
    filter: ["comm in [turner, nobody]", "ret in [-EINVAL, 1]", "outcome == error || duration < 1h"]
    observe: {one: "$SYS_ARG0", two: "$SYS_ARG0 & 3"}
  - functions: ${SYS}getresuid
    labels: [caller, "caller[2]"]
    filter: [comm == turner || uid == 4711, "value == EFAULT || duration < 1h"]
    split: cpu
    counters: [page-faults, context-switches]
  - functions: ${SYS}getresgid
    labels: [comm, cgroup]
    filter: [comm == turner && ret == -EFAULT, "ret not in [1, 2, 3, 4]"]
    split: cpu
    sample: {when: ["outcome == error || duration > 1h", "ret in [-EFAULT, -EINVAL]"], per_second: 1000000}
  - functions: ${SYS}getrlimit
    returns: value
    labels: [comm, pid, tid, uid, cpu]
    filter: [comm == turner, "ret in [-22, 0] || duration > 1h"]
    sample: {when: "ret != 0 || duration > 1h", per_second: 1000000, stacks: [kernel, user]}
  - functions: vfs_read
    returns: size
    labels: [comm, caller, "caller[2]", pid, cpu, {device: "file->f_inode->i_rdev"}, {mode: "file->f_mode"},
      {fstype: "file->f_inode->i_sb->s_type->name"}, {id: "file->f_inode->i_sb->s_id"}]
    filter: ["(comm in [reader, nobody] && uid not in [1, 2]) || uid == 4711 || pid == 1", "ret in [100, 101, 102, 103] || duration > 1h",
      "outcome in [ok, error, null] || ret > 0", "value in [EIO, EINTR] || ret > 0 || duration > 1h"]
    split: cpu
    counters: [page-faults, context-switches]
    sample: {when: ["duration < 1h || outcome == error", "ret == 100 || ret == 101"], per_second: 1000000}
Y
}

user_probe() { # user_probe MECHANISM
	local other=' || uid == 4711'
	[[ $1:$(uname -r) != uprobe.ret:6.1.* ]] || other='' # see KERNELS.md
	cat <<Y
  - user: {object: $W, functions: workload_first}
    mechanism: $1
    returns: long as errno
    error: == 7
    labels: [comm, caller, {wanted: arg0}]
    filter: [comm == seven$other, "ret == 7 || duration > 1h", "outcome == error || ret == -2"]
    observe: {argument: arg0}
    split: cpu
    sample: {when: "ret == 7 || duration > 1h", per_second: 1000000, stacks: [kernel, user]}
Y
}

# Further probes of functions that have one. Programs of multi links find one probe for each function.
further_probes() { # further_probes MECHANISM
	local mechanism=$1
	case $mechanism in
	kprobe.* | fsession.multi) mechanism=kretprobe ;;
	esac
	cat <<Y
  - {functions: ${SYS}sched_get_priority_max, probe: all, mechanism: $mechanism}
  - {functions: ${SYS}sched_get_priority_max, probe: by_comm, mechanism: $mechanism, labels: [comm]}
  - functions: ${SYS}sched_get_priority_max
    probe: failed
    mechanism: $mechanism
    filter: [comm == other && ret < 0]
Y
}

further_user_probes() { # further_user_probes MECHANISM
	cat <<Y
  - {user: {object: $W, functions: workload_first}, probe: all, mechanism: $1, returns: long}
  - {user: {object: $W, functions: workload_first}, probe: by_comm, mechanism: $1, returns: long, labels: [comm]}
  - user: {object: $W, functions: workload_first}
    probe: failed
    mechanism: $1
    returns: long
    filter: "!(comm != other || ret != 7)"
Y
}

# Programs at the return only.
untimed_probe() {
	cat <<Y
  - functions: ${SYS}getpgid
    durations: off
    labels: [comm, pid, cgroup]
    filter: [comm == group || uid == 4711, "ret > 0 || outcome == error"]
    sample: {when: "outcome == ok || ret < 0", per_second: 1000000}
Y
}

config_of() { # config_of MECHANISM
	echo "probes:"
	case $1 in
	tracepoint) # of the system calls' own names; callers of system calls are not known
		kernel_probes | sed -e '/vfs_read/,$d' -e "s/functions: $SYS/syscalls: /" -e 's/caller, "caller\[2\]"/comm, pid/' \
			-e "s/$SYS_ARG0/arg0/g"
		untimed_probe | sed "s/functions: $SYS/syscalls: /"
		;;
	*)
		kernel_probes
		further_probes "$1"
		;;
	esac
	case $1 in
	fexit | kprobe.multi | kretprobe) untimed_probe ;;
	esac
	[ -z "${user_of[$1]:-}" ] || { user_probe "${user_of[$1]}" && further_user_probes "${user_of[$1]}"; }
}

uname -r >"$RESULTS/kernel"
kernel_mechanisms
mechanisms+=(tracepoint)
user_of[tracepoint]=uprobe.ret
[ $# -eq 0 ] || mechanisms=("$@")
copy_symbols "$SYS" vfs_
for mechanism in "${mechanisms[@]}"; do
	config_of "$mechanism" >"$RESULTS/$mechanism.yaml"
	echo "${user_of[$mechanism]:-}" >"$RESULTS/$mechanism.user"
	start_exporter --mechanism="$mechanism" --config.file="$RESULTS/$mechanism.yaml"
	run turner by-turns 1 2000
	run other by-turns 1 100
	run reader read-zero 1 300 100
	run reader read-zero 1 300 64
	run group getpgid-live 1 400
	run seven user-functions 1 500 7
	run seven user-functions 1 500 8
	run other user-functions 1 100 7
	scrape "$mechanism.after"
	stop_exporter || fail "stopped badly"
	echo "$mechanism" >>"$RESULTS/runs"
done
note_complaints
exit 0
