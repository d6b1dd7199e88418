#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: return kinds, labels, filters, observed values and cardinality, with calls whose results
# and arguments are known. One exporter has all probes, because loading the programs takes longer than the
# calls. Each part has its own functions. Writes scrapes to $RESULTS for conformance_labels_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

look() { # look NAME FUNCTION...: a scrape of these functions
	local name=$1 query
	shift
	printf -v query 'function[]=%s&' "$@"
	get "/metrics?$query" && get "/metrics?$query" "$RESULTS/$name" || fail "scrape $name"
}

# ---- the probes -----------------------------------------------------------------------------------
# Without multi links, kretprobes attach fastest: on an emulated CPU, an fexit program takes 1 to 3 s, and so
# do thousands of return slots. Interrupts call hrtimer_wakeup: with a kretprobe, its misses are its own.
default="maxactive: 16" some="maxactive: 16"
case $(uname -r) in
6.1.*-arm64) default="mechanism: kretprobe, maxactive: 16" ;; # no trampolines
5.*) default="mechanism: kretprobe, maxactive: 16" ;;
6.1.*) default="mechanism: kretprobe, maxactive: 16" some="mechanism: fexit" ;;
esac
by_mechanism="labels: [pid, comm, {wanted: \"$SYS_ARG0\"}], filter: [comm == alpha, \"$SYS_ARG0 > 1000\"], max_series: 50"
user="returns: long as errno, error: == 7, labels: [comm, {wanted: arg0}], observe: {argument: arg0}"
cat >/tmp/labels.yaml <<Y
defaults: {$default, max_series: 10}
probes:
# return kinds, labels, filters, observed values
  - {functions: "do_unlinkat|filename_unlinkat", labels: [pid, comm], max_series: 50}
  - {functions: find_task_by_vpid, filter: comm == kinds, error: == null}
  - {functions: ipc_obtain_object_check, filter: comm == kinds}
  - {functions: ns_capable, filter: "comm == kinds", labels: [uid], error: == false, $some}
  - {functions: hrtimer_wakeup, mechanism: kretprobe}
  - {functions: mnt_drop_write, labels: [comm], max_series: 50}
  - functions: vfs_read
    returns: size
    labels: [{fstype: "file->f_inode->i_sb->s_type->name"}]
    filter: comm == reader
    observe: {bytes: count}
    $some
  - {functions: vfs_write, labels: [{mounted: "file->f_path.mnt->mnt_sb->s_type->name"}], filter: comm == writer}
  - {functions: ksys_read, returns: value, filter: [comm == reader, ret > 0], error: "> 99", $some}
  - {functions: bpf_map_copy_value, labels: [{map_type: "map->map_type"}], filter: comm == mapper}
  - functions: tcp_sendmsg
    labels: [{family: "sk->__sk_common.skc_family"}, {port: "sk->__sk_common.skc_num"}]
    filter: comm == sender
  - functions: ${SYS}getpgid
    labels: [{wanted: "$SYS_ARG0"}]
    max_series: 100
  - {syscalls: msgrcv, labels: [comm], filter: "comm == nobody"}
  - {syscalls: sethostname, labels: [comm], filter: "outcome == error"}
  - {syscalls: lseek, returns: value, max_series: 50, filter: comm == seeker}
  - {syscalls: getpgid, labels: [comm], filter: "pid < 1000000", max_series: 50}
# each mechanism of this kernel
  - {functions: ${SYS}getsid, mechanism: fsession.multi, $by_mechanism}
  - {functions: ${SYS}sched_getscheduler, mechanism: fsession, $by_mechanism}
  - {functions: ${SYS}sched_getaffinity, mechanism: fexit, $by_mechanism}
  - {functions: ${SYS}tkill, mechanism: kprobe.session, $by_mechanism}
  - {functions: ${SYS}sched_getattr, mechanism: kprobe.multi, $by_mechanism}
  - {functions: ${SYS}prlimit64, mechanism: kretprobe, $by_mechanism}
  - {user: {object: $W, functions: workload_first}, mechanism: uprobe.ret, $user}
  - {user: {object: $W, functions: workload_second}, mechanism: uprobe.session, $user}
  - {user: {object: $W, functions: workload_third}, mechanism: uprobe.multi, $user}
  - {user: {object: $W, functions: workload_fourth}, mechanism: uretprobe, $user}
# without durations
  - {functions: ${SYS}sched_get_priority_max, mechanism: fexit, durations: off}
  - {functions: ${SYS}sched_get_priority_min, mechanism: fexit, durations: off, labels: [comm, pid]}
  - {functions: ${SYS}getresuid, mechanism: kprobe.multi, durations: off}
  - {functions: ${SYS}getresgid, mechanism: kprobe.multi, durations: off, labels: [comm, pid]}
  - {functions: ${SYS}getcpu, mechanism: kretprobe, durations: off}
  - {functions: ${SYS}getrlimit, mechanism: kretprobe, durations: off, labels: [comm, pid]}
  - {syscalls: sched_get_priority_max, durations: off}
  - {syscalls: sched_get_priority_min, durations: off, labels: [comm, pid], filter: comm == turner}
  - {user: {object: $W, functions: workload_fifth}, mechanism: uprobe.multi, durations: off, labels: [comm]}
  - {user: {object: $W, functions: workload_sixth}, mechanism: uretprobe, durations: off, labels: [comm]}
# label sets with equal texts
  - {syscalls: sched_getscheduler, returns: value, labels: [pod_uid], filter: comm == podded, series_ttl: 3s}
  - {functions: ${SYS}msgrcv, labels: [pod_uid, container_id], filter: comm == podded}
  - {functions: ${SYS}sethostname, labels: [cgroup], filter: comm == podded}
# label sets that become idle
  - {syscalls: sched_getattr, labels: [{wanted: arg0}], filter: comm == idler, max_series: 100, series_ttl: 2s}
  - functions: ${SYS}sched_rr_get_interval
    labels: [{number: "$SYS_ARG2"}]
    filter: comm == idler
    max_series: 100
    series_ttl: 2s
  - {syscalls: preadv, returns: value, labels: [pid], filter: comm == idler, max_series: 35, series_ttl: 2s}
# more values than the limit
  - {syscalls: sched_getaffinity, labels: [{wanted: arg0}], filter: comm == counter, max_series: 100}
  - {functions: ${SYS}lseek, returns: value, filter: comm == counter, max_series: 100}
  - functions: ${SYS}sched_getparam
    labels: [{number: "$SYS_ARG2"}]
    filter: comm == counter
    max_series: 100
    series_ttl: 2s
  - {syscalls: getsid, labels: [cgroup], filter: [comm == counter, arg0 == 0], max_series: 100, series_ttl: 2s}
Y
idle=(sched_getattr "${SYS}sched_rr_get_interval" preadv)
many=(sched_getaffinity "${SYS}lseek" "${SYS}sched_getparam" getsid)

uname -r >"$RESULTS/kernel"
copy_symbols "$SYS" do_unlinkat filename_unlinkat find_task_by_vpid ipc_obtain_object_check ns_capable \
	hrtimer_wakeup mnt_drop_write vfs_ ksys_read bpf_map_copy_value tcp_sendmsg
start_exporter --config.file=/tmp/labels.yaml
grep -h -E '^(prog_id|verified_insns):' /proc/$exporter/fdinfo/* >"$RESULTS/programs"

# ---- return kinds, labels, filters, observed values -----------------------------------------------
run alpha unlink-missing 2 1000 &
run beta unlink-missing 2 3000
wait %2 2>/dev/null || wait $!
run kinds getpgid-dead 1 300
run kinds msgrcv-invalid 1 200
run kinds hostname 1 50
run kinds hostname-refused 1 70
run kinds nanosleep 1 100
run dropper unlink-existing 2 400
for size in 1 100 4096; do run reader read-zero 1 250 $size; done
run reader read-file 1 120 /proc/self/stat
run reader read-file 1 130 /etc/passwd
echo x >/tmp/on-tmpfs
run reader read-file 1 140 /tmp/on-tmpfs
run seeker lseek-many 1 2000 /tmp/on-tmpfs
run writer write-file 1 90 /tmp/on-tmpfs
run mapper map-lookup 1 80
run sender tcp-send 1 60 7001
run sender tcp-send 1 61 7002
run counter getpgid-many 2 5000 1000000
scrape kinds.after

# ---- cgroups that end, and mechanisms -------------------------------------------------------------
POD=kubepods.slice/kubepods-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice

in_cgroup() { # in_cgroup CGROUP COMM OPERATION...
	[ -d "/sys/fs/cgroup/$1" ] || mkdir -p "/sys/fs/cgroup/$1" || fail "cgroup $1"
	(echo $BASHPID >"/sys/fs/cgroup/$1/cgroup.procs" && run "${@:2}") || fail "cgroup $1"
}

container() { # container DIGIT: its cgroup
	echo "$POD/cri-containerd-$(printf "$1%.0s" {1..64}).scope"
}

for service in one two; do in_cgroup system.slice/$service.service podded msgrcv-invalid 1 30; done
in_cgroup system.slice/again.service podded hostname 1 10
# Its cgroup is removed before the exporter has looked for its name.
in_cgroup "$(container 3)" podded msgrcv-invalid 1 40
rmdir "/sys/fs/cgroup/$(container 3)" || fail "a container that ends"
run beta by-pid 1 500 2000000
run alpha by-pid 1 40 2000000
run alpha by-pid 1 500 0
run alpha user-functions 2 600 7
run beta user-functions 2 500 -2
run turner by-turns 4 2000
scrape mechanisms.after
rmdir /sys/fs/cgroup/system.slice/again.service || fail "a cgroup that ends"
in_cgroup system.slice/again.service podded hostname 1 20
look same.services ${SYS}msgrcv ${SYS}sethostname

# ---- label sets that become idle, and more values than the limit ----------------------------------
printf -v query 'function[]=%s&' "${idle[@]}" "${many[@]}"
none_in_use='!^retprobe_label_sets\{.*(interval|getattr|preadv|getparam|getsid)"\} [1-9]'
for round in 1 2 3 4; do
	run idler preadv-many 1 10
	run idler by-pid 2 100 "${round}000000"
	run idler interval-failing 1 300 "${round}000000"
	run idler preadv-many 1 10
	look "ttl.$round" "${idle[@]}"
	if [ "$round" -gt 1 ]; then
		run counter by-pid 2 5000 "${round}000000"
		run counter lseek-many 1 5000 /etc/passwd
		run counter getsid-in-cgroup 1 250
		run counter getparam-failing 1 3750 "${round}000000"
		look "many.$((round - 1))" "${many[@]}"
	fi
	# No set is folded before it was idle for a second.
	pause 1
	$CLIENT until $PORT "/metrics?$query" "$none_in_use" "$RESULTS/$round.folded" ||
		fail "idle sets are not folded in round $round"
done

# ---- label sets with equal texts ------------------------------------------------------------------
in_cgroup "$(container 1)" podded by-pid 1 100 3000000
in_cgroup "$(container 2)" podded by-pid 1 50 3000000
look same.0 sched_getscheduler
# The first container makes no more calls. Its counts stay with the pod.
for ((i = 1; i < 40; i++)); do
	in_cgroup "$(container 2)" podded by-pid 1 10 3000000
	look same.$i sched_getscheduler
	! grep -q '^retprobe_label_sets{.*"sched_getscheduler"} 1$' "$RESULTS/same.$i" || break
	pause 0.3
done
stop_exporter
exit 0
