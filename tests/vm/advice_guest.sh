#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: a disk on which everything takes 20 ms, and TCP connections that are refused. What each of
# the functions makes of that, which documents and presets recommend, goes to $RESULTS for advice_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

modprobe null_blk irqmode=2 completion_nsec=20000000 nr_devices=1 submit_queues=1 || fail "null_blk"
ip link set lo up || fail "lo"
cat > /tmp/advice.yaml <<'END'
probes:
  - functions: [submit_bio, blkdev_read_iter, inet_stream_connect, tcp_v4_connect, tcp_reset]
  - functions: submit_bio_wait
    labels: [{dev: "bio->bi_bdev->bd_disk->disk_name"}]
  # Others wait for the guest's root file system, which is faster.
  - functions: io_schedule
    filter: ["duration > 10ms"]
  - syscalls: connect
END
# Linux 5.10 has the disk in the bio itself.
grep -q '^5\.10\.' /proc/sys/kernel/osrelease && sed -i 's/bi_bdev->bd_disk/bi_disk/' /tmp/advice.yaml
start_exporter --config.file=/tmp/advice.yaml

for i in {1..10}; do
	dd if=/dev/nullb0 of=/dev/null bs=4k count=1 skip="$i" iflag=direct 2> /dev/null || fail "dd"
done
scrape direct
for i in {1..10}; do
	echo 3 > /proc/sys/vm/drop_caches
	dd if=/dev/nullb0 of=/dev/null bs=4k count=1 skip=$((i * 100)) 2> /dev/null || fail "dd"
done
scrape buffered

# connect(2) to a port that nobody listens on: blocking, then not.
cat > /tmp/connect.py <<'END'
import select, socket, sys
for _ in range(12):
    s = socket.socket()
    s.setblocking(sys.argv[1] == "blocking")
    s.connect_ex(("127.0.0.1", 9))
    select.select([], [s], [], 5)
    s.close()
END
python3 /tmp/connect.py blocking || fail "connect"
scrape blocking
python3 /tmp/connect.py other || fail "connect"
scrape other
stop_exporter || fail "stopped badly"
exit 0
