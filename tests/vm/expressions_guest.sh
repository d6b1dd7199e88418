#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: what expressions can say of calls whose arguments are known, in labels, filters and observed
# values. Scrapes go to $RESULTS for expressions_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

run() { # run COMM OPERATION...: the workload under another name
	ln -sf "$W" "/tmp/$1"
	"/tmp/$1" "${@:2}" >>"$RESULTS/work" || fail "workload $*"
}

uname -r >"$RESULTS/kernel"

# A line for each system call that tracefs describes: its name in user space, and its parameters'.
described() {
	awk 'BEGIN { split("newstat stat newlstat lstat newfstat fstat newuname uname sendfile64 sendfile umount umount2", w)
			for (i = 1; i in w; i += 2) user[w[i]] = w[i + 1] }
		FNR == 1 { name = substr($2, 11); name = name in user ? user[name] : name; after = 0 }
		/field:int __syscall_nr;/ { after = 1; next }
		after && /field:/ && !/__data_loc/ { sub(/;.*/, ""); params[name] = params[name] " " $NF }
		after && /^print/ { print name params[name] }' $T/events/syscalls/sys_enter_*/format
}

# Their first parameter and their last, by name: whatever is between them is counted.
syscall_names() {
	"$BINARY" --probe.list='syscall:*' | awk '{ print $2 }' >"$RESULTS/syscalls.known"
	described >"$RESULTS/syscalls.described"
	awk 'BEGIN { print "probes:" } NR == FNR { known[$1]; next }
		NF > 1 && $1 in known {
			printf "  - {syscalls: %s, max_series: 1, labels: [{a: \"%s\"}, {b: \"%s\"}]}\n", $1, $2, $NF
		}' "$RESULTS/syscalls.known" "$RESULTS/syscalls.described" >/tmp/syscalls.yaml
	"$BINARY" --config.check --config.file=/tmp/syscalls.yaml >"$RESULTS/syscalls.plan" 2>&1
}

observed() {
	cat >/tmp/observed.yaml <<-Y
		probes:
		  - {syscalls: getpgid, filter: comm == alpha, observe: {id: pid, bits: arg0}}
		  - {functions: __x64_sys_getpgid, filter: comm == alpha, observe: {id: "regs->di"}}
		  - functions: bpf_map_copy_value
		    returns: errno
		    filter: comm == mapper
		    observe: {entries: map->max_entries, inner: map->inner_map_meta->max_entries}
	Y
	start_exporter --config.file=/tmp/observed.yaml
	run alpha getpgid-many 1 100 2000000
	run alpha getpgid-many 1 30 -1000
	run mapper map-lookup 1 80
	scrape observed
	stop_exporter
}

syscall_names
observed
exit 0
