#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: the calls of an NFS client to the kernel's own server, beside what the client says of its mount.
# Writes scrapes to $RESULTS for nfs_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

{
	echo "spans:"
	sed '1,/^spans:/d' deploy/presets/nfs.yaml
} >/tmp/nfs.yaml
start_exporter --config.file=/tmp/nfs.yaml
get /metrics "$RESULTS/waiting" || fail "scrape"

ip link set lo up || fail "lo"
modprobe -a nfsd nfsv4 || fail "nfsd, nfsv4"
attached() {
	get /metrics /tmp/metrics && grep -q '^retprobe_probe_attached{object="span",function="rpc_call",reason=""} 1' /tmp/metrics
}
wait_until "the span" attached
mkdir -p /tmp/exported /tmp/mounted /var/lib/nfs/v4recovery && mount -t tmpfs none /tmp/exported &&
	mount -t nfsd none /proc/fs/nfsd || fail "directories"
mkfifo /tmp/ready
python3 -B tests/vm/nfs_exports.py /tmp/exported >/tmp/ready &
read -r _ </tmp/ready || fail "exports"
{
	echo 10 >/proc/fs/nfsd/nfsv4leasetime # as short as can be
	echo 10 >/proc/fs/nfsd/nfsv4gracetime
	echo -2 -3 +4 +4.1 >/proc/fs/nfsd/versions
	echo tcp 2049 >/proc/fs/nfsd/portlist
	echo 2 >/proc/fs/nfsd/threads
} 2>/tmp/nfsd.log
[ "$(cat /proc/fs/nfsd/threads)" = 2 ] || fail "nfsd: $(cat /tmp/nfsd.log)"
mount -i -t nfs4 -o addr=127.0.0.1,clientaddr=127.0.0.1,vers=4.1,sec=sys,noac,soft,timeo=600 127.0.0.1:/ /tmp/mounted ||
	fail "mounting: $(dmesg | tail -n 3)"

both() { # both NAME: nothing happens meanwhile, as the cache is off and the lease is renewed by each call
	cat /proc/self/mountstats >"$RESULTS/$1.mount" || fail "mountstats"
	scrape "$1"
}

: >/tmp/mounted/first || fail "the first file"
both first
for i in {1..20}; do
	echo "text $i" >"/tmp/mounted/file$i" || fail "writing"
	dd if="/tmp/mounted/file$i" of=/dev/null iflag=direct bs=4k 2>/dev/null || fail "reading"
	cat "/tmp/mounted/gone$i" 2>/dev/null && fail "a file that is not there"
done
rm /tmp/mounted/file? || fail "removing"
both second
# 20 ms there, and 20 ms back.
tc qdisc add dev lo root netem delay 20ms || fail "netem"
stat /tmp/mounted/file1? >/dev/null || fail "stat"
both slow
tc qdisc del dev lo root || fail "netem"
# A server that does not answer for 3 s.
tc qdisc add dev lo root handle 1: prio bands 4 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 &&
	tc qdisc add dev lo parent 1:4 netem delay 3s &&
	tc filter add dev lo parent 1: protocol ip u32 match ip dport 2049 0xffff flowid 1:4 || fail "delaying"
: >/tmp/mounted/late &
pause 1.5
get /metrics "$RESULTS/hung" || fail "scrape"
pause 0.3
get /metrics "$RESULTS/hung" || fail "scrape"
wait $! || fail "the call that hung"
$CLIENT until $PORT /metrics '^retprobe_span_running\{span="rpc_call"} 0' "$RESULTS/after" || fail "it goes on"
tc qdisc del dev lo root || fail "netem"
umount /tmp/mounted || fail "umount"
stop_exporter
exit 0
