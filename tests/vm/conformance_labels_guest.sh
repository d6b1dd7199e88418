#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: return kinds, labels, filters, observed values and cardinality, with workloads whose
# results and arguments are known. Scrapes go to $RESULTS for conformance_labels_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

uname -r >"$RESULTS/kernel"

# ---- kinds, labels, filters, observed values ------------------------------------------------------
# On 5.10 an fexit of each takes longer to attach than all the rest of this takes.
defaults=
[[ $(uname -r) != 5.* ]] || defaults="mechanism: kretprobe, maxactive: 16"
cat >/tmp/labels.yaml <<Y
defaults: {$defaults}
probes:
  - {functions: "do_unlinkat|filename_unlinkat", labels: [pid, comm]}
  - {functions: find_task_by_vpid, filter: comm == kinds, error: == null}
  - {functions: ipc_obtain_object_check, filter: comm == kinds}
  - {functions: ns_capable, filter: "comm == kinds", labels: [uid], error: == false}
  - {functions: hrtimer_wakeup}
  - {functions: mnt_drop_write, labels: [comm]}
  - functions: vfs_read
    returns: size
    labels: [{fstype: "file->f_inode->i_sb->s_type->name"}]
    filter: comm == reader
    observe: {bytes: count}
  - {functions: vfs_write, labels: [{mounted: "file->f_path.mnt->mnt_sb->s_type->name"}], filter: comm == writer}
  - {functions: ksys_read, returns: value, filter: [comm == reader, ret > 0], error: "> 99"}
  - {functions: bpf_map_copy_value, labels: [{map_type: "map->map_type"}], filter: comm == mapper}
  - functions: tcp_sendmsg
    labels: [{family: "sk->__sk_common.skc_family"}, {port: "sk->__sk_common.skc_num"}]
  - functions: __x64_sys_getpgid
    labels: [{wanted: "regs->di"}]
    max_series: 100
  - {syscalls: msgrcv, labels: [comm], filter: "comm == nobody"}
  - {syscalls: sethostname, labels: [comm], filter: "outcome == error"}
  - {syscalls: lseek, returns: value, max_series: 50, filter: comm == seeker}
  - {syscalls: getpgid, labels: [comm], filter: "pid < 1000000"}
Y
start_exporter --config.file=/tmp/labels.yaml
scrape kinds.before
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
stop_exporter

# ---- every mechanism tells label sets apart -------------------------------------------------------
cat >/tmp/one.yaml <<'Y'
probes:
  - functions: __x64_sys_getpgid
    labels: [pid, comm, {wanted: "regs->di"}]
    filter: ["comm == alpha", "regs->di > 10"]
Y
for mechanism in fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe; do
	try_exporter --config.file=/tmp/one.yaml --mechanism=$mechanism || continue
	run beta getpgid-many 1 500 2000000
	run alpha getpgid-many 1 40 2000000
	run alpha getpgid-live 1 500
	scrape "one.$mechanism.after"
	stop_exporter
	echo "$mechanism" >>"$RESULTS/mechanisms"
done
cat >/tmp/user.yaml <<Y
probes:
  - user: {object: $W, functions: [workload_function]}
    returns: long as errno
    error: == 7
    labels: [comm, {wanted: arg0}]
    observe: {argument: arg0}
Y
for mechanism in uprobe.ret uprobe.session uprobe.multi uretprobe; do
	try_exporter --config.file=/tmp/user.yaml --mechanism=$mechanism || continue
	run alpha user-function 2 600 7
	run beta user-function 2 500 -2
	scrape "user.$mechanism.after"
	stop_exporter
	echo "$mechanism" >>"$RESULTS/user_mechanisms"
done

# ---- idle label sets are folded away, and their slots used again ----------------------------------
cat >/tmp/ttl.yaml <<'Y'
probes:
  - functions: __x64_sys_getpgid
    labels: [{wanted: "regs->di"}]
    filter: comm == counter
    max_series: 100
    series_ttl: 1s
  - functions: __x64_sys_sched_getparam
    labels: [{number: "regs->dx"}]
    filter: comm == counter
    max_series: 100
    series_ttl: 1s
  - {syscalls: lseek, returns: value, labels: [pid], filter: comm == counter, max_series: 35, series_ttl: 1s}
Y
start_exporter --config.file=/tmp/ttl.yaml
for round in 1 2 3 4 5 6; do
	run counter lseek-many 1 10 /etc/passwd
	run counter getpgid-many 2 100 "${round}000000"
	run counter getparam-failing 1 300 "${round}000000"
	run counter lseek-many 1 10 /etc/passwd
	scrape "ttl.$round"
	for _ in 1 2 3 4 5 6; do
		sleep 0.6
		scrape ttl.last
	done
done
stop_exporter

# ---- cardinality: more values than are kept, and what comes and goes ------------------------------
folded() { # folded FILE: a scrape in which no idle set is left
	get /metrics "$RESULTS/$1" && ! grep -qE '^retprobe_label_sets\{.*(getparam|getsid)"\} [1-9]' "$RESULTS/$1"
}

cat >/tmp/many.yaml <<'Y'
defaults: {filter: comm == counter, max_series: 100}
probes:
  - {functions: __x64_sys_getpgid, labels: [{wanted: "regs->di"}]}
  - {syscalls: lseek, returns: value}
  - {functions: __x64_sys_sched_getparam, labels: [{number: "regs->dx"}], series_ttl: 1s}
  - {syscalls: getsid, labels: [cgroup], series_ttl: 1s}
Y
start_exporter --config.file=/tmp/many.yaml
for round in 1 2 3 4; do
	run counter getpgid-many 2 5000 "${round}000000"
	run counter lseek-many 1 5000 /etc/passwd
	run counter getparam-failing 1 3750 "${round}000000"
	run counter getsid-in-cgroup 1 250
	scrape "many.$round"
	wait_until "sets to be folded" folded "many.$round.folded"
done
stop_exporter

# ---- label sets that read the same are one series -------------------------------------------------
POD=kubepods.slice/kubepods-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice

in_cgroup() { # in_cgroup CGROUP COMM OPERATION...
	mkdir -p "/sys/fs/cgroup/$1" &&
		(echo $BASHPID >"/sys/fs/cgroup/$1/cgroup.procs" && run "${@:2}") || fail "cgroup $1"
}

container() { # container DIGIT: its cgroup
	echo "$POD/cri-containerd-$(printf "$1%.0s" {1..64}).scope"
}

cat >/tmp/same.yaml <<'Y'
defaults: {filter: comm == podded}
probes:
  - {functions: __x64_sys_getpgid, labels: [pod_uid], returns: value, series_ttl: 5s}
  - {syscalls: lseek, labels: [pod_uid, container_id]}
  - {syscalls: sethostname, labels: [cgroup]}
Y
start_exporter --config.file=/tmp/same.yaml
in_cgroup "$(container 1)" podded getpgid-many 1 100 3000000
in_cgroup "$(container 2)" podded getpgid-many 1 50 3000000
for service in one two; do in_cgroup system.slice/$service.service podded lseek-many 1 30 /etc/passwd; done
in_cgroup system.slice/again.service podded hostname 1 10
# One that is gone when it is asked for.
in_cgroup "$(container 3)" podded lseek-many 1 40 /etc/passwd
sleep 4
rmdir "/sys/fs/cgroup/$(container 3)" || fail "a container that ends"
scrape same.before
rmdir /sys/fs/cgroup/system.slice/again.service || fail "a cgroup that ends"
in_cgroup system.slice/again.service podded hostname 1 20
scrape same.0
# The first container has no more calls; what it counted stays the pod's.
for ((i = 1; i < 40; i++)); do
	in_cgroup "$(container 2)" podded getpgid-many 1 10 3000000
	scrape same.$i
	grep -q '^retprobe_label_sets{.*"__x64_sys_getpgid"} 1$' "$RESULTS/same.$i" && break
done
stop_exporter
exit 0
