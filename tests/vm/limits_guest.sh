#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest that lacks something: which probes work, and how the exporter explains the others. Writes results
# to $RESULTS for limits_check.py.
#
#	limits_guest.sh CASE...		a CASE is one of these, with what the kernel command line must have
#
#	integrity	lockdown=integrity
#	nodebugfs	debugfs=off
#	cgroup1		systemd.unified_cgroup_hierarchy=0: only cgroup v1, then v2 beside it (hybrid)
#	nofprobe	a kernel without CONFIG_FPROBE
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# Each kind of probe, and one with labels.
cat >/tmp/limits.yaml <<Y
probes:
  - functions: ["do_unlinkat|filename_unlinkat"]
  - {functions: ${SYS}getpgid, labels: [comm, cgroup], max_series: 20}
  - {functions: vfs_listxattr, labels: [comm]}
  - syscalls: getsid
  - {user: {object: $W, functions: workload_function}}
Y

# The plan, an exporter, and calls of each probe.
observe() { # observe NAME
	"$BINARY" --config.check --config.file=/tmp/limits.yaml >"$RESULTS/$1.plan" 2>&1
	start_exporter --config.file=/tmp/limits.yaml
	run caller unlink-missing 1 30
	run caller getpgid-live 1 40
	run caller listxattr 1 50 /tmp/limits.yaml
	run caller by-pid 1 60 2000000
	run caller user-function 1 70 7
	get /metrics "$RESULTS/$1" || fail "scrape"
	get /api/v1/probes "$RESULTS/$1.probes" || fail "/api/v1/probes"
	stop_exporter || fail "stopped badly"
}

case_integrity() {
	mount -t securityfs securityfs /sys/kernel/security || fail "securityfs"
	cat /sys/kernel/security/lockdown >"$RESULTS/lockdown"
	observe integrity
}

case_nodebugfs() {
	observe nodebugfs
}

case_cgroup1() {
	cat /proc/self/cgroup >"$RESULTS/cgroup1.groups"
	observe cgroup1
	mkdir -p /sys/fs/cgroup/unified
	mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified && mkdir /sys/fs/cgroup/unified/hybrid || fail "cgroup v2"
	echo $$ >/sys/fs/cgroup/unified/hybrid/cgroup.procs
	observe hybrid
}

case_nofprobe() {
	observe nofprobe
	"$BINARY" --mechanism=kprobe.multi vfs_read 2>"$RESULTS/nofprobe.forced"
	echo $? >"$RESULTS/nofprobe.exit"
}

for case; do
	"case_$case"
	echo "$case" >>"$RESULTS/cases"
done
exit 0
