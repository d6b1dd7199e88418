#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: expressions in labels, filters and observed values, over calls with known arguments. Writes
# scrapes to $RESULTS for expressions_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

uname -r >"$RESULTS/kernel"
# Without multi links, kretprobes attach fastest. On an emulated CPU, an fexit program takes 1 to 3 s, and so
# do thousands of return slots. All mechanisms share the code for expressions.
case $(uname -r) in
5.* | 6.[0-9].*) defaults="mechanism: kretprobe, maxactive: 16" ;;
*) defaults="maxactive: 16" ;;
esac

# Trampolines read numbers by the types of the arguments.
case $HOSTTYPE:$(uname -r) in
aarch64:6.1.*) trampoline=kretprobe ;;
*) trampoline=fexit ;;
esac

# A line per system call in tracefs: its name in user space, then the names of its parameters.
described() {
	awk 'BEGIN { split("newstat stat newlstat lstat newfstat fstat newuname uname sendfile64 sendfile umount umount2 arm64_personality personality fadvise64_64 fadvise64", w)
			for (i = 1; i in w; i += 2) user[w[i]] = w[i + 1] }
		FNR == 1 { name = substr($2, 11); name = name in user ? user[name] : name; after = 0 }
		/field:int __syscall_nr;/ { after = 1; next }
		after && /field:/ && !/__data_loc/ { sub(/;.*/, ""); params[name] = params[name] " " $NF }
		after && /^print/ { print name params[name] }' $T/events/syscalls/sys_enter_*/format
}

# The first and the last parameter of each. The last one depends on the number of parameters.
syscall_names() {
	"$BINARY" --probe.list='syscall:*' | awk '{ print $2 }' >"$RESULTS/syscalls.known"
	described >"$RESULTS/syscalls.described"
	awk 'BEGIN { print "probes:" } NR == FNR { known[$1]; next }
		NF > 1 && $1 in known {
			printf "  - {syscalls: %s, max_series: 1, labels: [{a: \"%s\"}, {b: \"%s\"}]}\n", $1, $2, $NF
		}' "$RESULTS/syscalls.known" "$RESULTS/syscalls.described" >/tmp/syscalls.yaml
	"$BINARY" --config.check --config.file=/tmp/syscalls.yaml >"$RESULTS/syscalls.plan" 2>&1
}

# A function has one list of filters, so each filter has its own function.
expressions() {
	local nappers=() tmp cpu=$(($(nproc) - 1)) unlink=unlink unlinked=arg0
	# arm64 has no unlink(2).
	[ "$HOSTTYPE" != aarch64 ] || unlink=unlinkat unlinked=arg1
	echo $cpu >"$RESULTS/cpu"
	# The path of a dentry begins at the root of its file system.
	grep -q ' /tmp ' /proc/mounts && tmp='' || tmp=/tmp
	cat >/tmp/expressions.yaml <<-Y
		defaults: {$defaults}
		probes:
		  - {syscalls: getsid, filter: comm == alpha, observe: {id: pid, bits: arg0}}
		  - {functions: ${SYS}getsid, filter: comm == alpha, observe: {id: "$SYS_ARG0"}}
		  - {syscalls: getpgid, filter: [comm == alpha, arg0 >= 3000010, arg0 <= 3000089, arg0 & 1]}
		  - {functions: ${SYS}getpgid, filter: [comm != beta, "$SYS_ARG0 > 3000010", "$SYS_ARG0 < 3000090", "$SYS_ARG0 != 3000050"]}
		  - {functions: find_task_by_vpid, filter: [comm == negative, vnr < -980]}
		  - {syscalls: $unlink, labels: [{path: pathname}, {same: str($unlinked)}], filter: pathname == /tmp/retprobe-no-such-file}
		  - functions: do_unlinkat|filename_unlinkat
		    labels: [comm, {base: basename(name->name)}]
		    filter: [comm != beta, name->name != /tmp/retprobe-no-such-file]
		  - {syscalls: clock_nanosleep, filter: [comm == napper, duration >= 900ms]}
		  - {functions: ${SYS}clock_nanosleep, filter: [comm == napper, duration < 900ms]}
		  - {syscalls: lseek, labels: [tid, cpu], filter: [comm == seeker, offset > 9]}
		  - {functions: ${SYS}lseek, labels: [pid], filter: [comm == seeker, cpu == $cpu]}
		  - {syscalls: listxattr, labels: [cgroup], filter: cgroup under /expressions}
		  - {syscalls: sethostname, filter: [uid == 65534, len > 0]}
		  - functions: vfs_read
		    labels: [{id: file->f_inode->i_sb->s_id}, {second: "file->f_inode->i_sb->s_id[1]"}, {iter: file->f_op->read_iter},
		      {symbol: ksym(file->f_op->read_iter)}, {path: path(file)}, {device: blkdev(file->f_inode->i_rdev)}]
		    filter: [comm == reader, "file->f_inode->i_sb->s_id[0] == 100", file->f_op->read_iter != NULL]
		  - functions: bpf_map_copy_value
		    returns: errno
		    filter: [comm == mapper, map->map_type == BPF_MAP_TYPE_HASH, map->map_type != BPF_MAP_TYPE_ARRAY]
		    labels: [{kind: "flags(map->map_type, bpf_map_type)"}]
		    observe: {entries: map->max_entries, inner: map->inner_map_meta->max_entries}
		  - functions: tcp_sendmsg
		    labels: [{reuse: sk->__sk_common.skc_reuse}, {v6: sk->__sk_common.skc_ipv6only},
		      {port: "ntohs(cast(sk, struct inet_sock)->inet_sport)"}]
		    filter: [sk->__sk_common.skc_num == 7003, sk->__sk_common.skc_reuse != 0]
		  - functions: vfs_unlink
		    labels: [{path: path(dentry)}]
		    filter: [comm == alpha, path(dentry) == $tmp/retprobe-*]
		  - functions: security_inode_unlink
		    mechanism: $trampoline
		    labels: [{links: dentry->d_inode->i_nlink}, {device: dentry->d_inode->i_rdev},
		      {behind: dentry->d_inode->i_pipe->readers}, comm]
		    filter: [dentry->d_inode->i_nlink == 1]
		  - functions: tcp_sendmsg_locked
		    labels: [{port: ntohs(sk->__sk_common.skc_dport)}, {v4: ip(sk->__sk_common.skc_daddr)},
		      {v6: ip(sk->__sk_common.skc_v6_daddr)}, {family: family(sk->__sk_common.skc_family)},
		      {interface: ifname(sk->__sk_common.skc_bound_dev_if)}]
		    filter: [comm == mapp*, "ntohs(sk->__sk_common.skc_dport) in [7005, 7006]", ip(sk->__sk_common.skc_daddr) == 127.0.0.1,
		      "ip(sk->__sk_common.skc_v6_daddr) == 127.0.0.1 && !(ip(sk->__sk_common.skc_v6_daddr) in [fd00::/8, ::1])"]
		  - functions: ${SYS}sched_getscheduler
		    labels: [{block: "$SYS_ARG0 >> 5"}]
		    filter: [comm == alp*, "$SYS_ARG0 & 3 == 1 || $SYS_ARG0 in [2000008, 2000016]", "$SYS_ARG0 < 3000000"]
		    observe: {twice: "$SYS_ARG0 << 1 & 0xfe"}
		  - syscalls: tkill
		    labels: [{signal: signal(sig)}, {user: user(uid)}]
		    filter: ["comm in [gamma, alpha]", arg0 & 1, "value in [ESRCH, EINVAL] || duration > 1h"]
	Y
	mkdir -p /sys/fs/cgroup/expressions/inner
	start_exporter --config.file=/tmp/expressions.yaml
	run alpha getpgid-many 1 100 3000000
	run beta getpgid-many 1 100 3000000
	run negative getpgid-many 1 30 -1000
	run alpha by-pid 1 100 2000000
	run alpha by-pid 1 30 -1000
	run alpha unlink-missing 1 60
	run alpha unlink-existing 1 50
	run beta unlink-existing 1 40
	mkdir /tmp/nap && ln -s "$(command -v sleep)" /tmp/nap/napper
	for _ in 1 2 3; do
		/tmp/nap/napper 1 &
		nappers+=($!)
	done
	wait "${nappers[@]}"
	run napper nanosleep 1 100
	echo x >/tmp/file
	ln -sf "$W" /tmp/seeker
	taskset -c $cpu /tmp/seeker lseek-many 4 100 /tmp/file >>"$RESULTS/work" || fail "workload lseek-many"
	run outside listxattr 1 45 /tmp/file
	(
		echo $BASHPID >/sys/fs/cgroup/expressions/inner/cgroup.procs
		run inside listxattr 1 70 /tmp/file
	)
	run root hostname 1 30
	run nobody hostname-refused 1 35
	run reader read-zero 1 250 100
	run mapper map-lookup 1 80
	run sender tcp-send 1 60 7003
	run sender tcp-send 1 20 7004
	run mapped tcp-send-mapped 1 40 7005
	run mapped tcp-send-mapped 1 30 7007
	scrape expressions
	stop_exporter
}

syscall_names
copy_symbols "$SYS" vfs_unlink do_unlinkat filename_unlinkat find_task_by_vpid vfs_read read_iter_zero bpf_map_copy_value \
	tcp_sendmsg tcp_sendmsg_locked security_inode_unlink
expressions
exit 0
