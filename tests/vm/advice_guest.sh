#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: a disk on which every request takes 20 ms, refused TCP connections, and the events of the
# recipes in deploy/RECIPES.md. The configuration is that of the recipes, taken from the page. It adds the
# functions that the page and the presets compare with them. Writes scrapes to $RESULTS for advice_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

modprobe null_blk irqmode=2 completion_nsec=20000000 nr_devices=1 submit_queues=1 memory_backed=1 gb=1 ||
	fail "null_blk"
ip link set lo up || fail "lo"
modprobe ext4 || fail "ext4"
{
	awk 'BEGIN { print "probes:" } /^```yaml/ { on = 1; next } /^```/ { on = 0 } on && !/^probes:/' deploy/RECIPES.md
	echo '  - functions: [submit_bio, blkdev_read_iter, inet_stream_connect, tcp_v4_connect, tcp_reset]'
} > /tmp/advice.yaml
# Linux 5.10 has the disk in the bio itself.
grep -q '^5\.10\.' /proc/sys/kernel/osrelease && sed -i 's/bi_bdev->bd_disk/bi_disk/' /tmp/advice.yaml

mkdir -p /usr/lib/postgresql/15/bin /tmp/slow && cp build/postgres /usr/lib/postgresql/15/bin/ || fail "postgres"
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

# connect(2) to a port without a listener: first blocking, then non-blocking.
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

# ---- the recipes -------------------------------------------------------------------------------------------------

in_cgroup() { # in_cgroup CGROUP COMMAND...
	(echo $BASHPID > "/sys/fs/cgroup/$1/cgroup.procs" && shift && exec "$@")
}

# Three threads that hold a lock for 50 ms each, twice; a name that does not resolve; a refused connection.
cat > /tmp/recipes.py <<'END'
import socket, threading, time
lock = threading.Lock()
def hold():
    for _ in range(2):
        with lock:
            time.sleep(0.05)
threads = [threading.Thread(target=hold) for _ in range(3)]
[t.start() for t in threads]
[t.join() for t in threads]
try:
    socket.getaddrinfo("no-such-host.invalid", 80)
except OSError:
    pass
socket.socket().connect_ex(("127.0.0.1", 9))
END
# Linux 5.10 has no memory behind this disk.
grep -q "^5\.10\." /proc/sys/kernel/osrelease && stop_exporter && exit 0
pod=kubepods.slice/kubepods-podaaaaaaaa_1111_2222_3333_444444444444.slice
mkdir -p /sys/fs/cgroup/$pod /sys/fs/cgroup/small || fail "cgroups"
echo +memory > /sys/fs/cgroup/cgroup.subtree_control && echo 24M > /sys/fs/cgroup/small/memory.max ||
	fail "memory controller"
mkfs.ext4 -q -O ^has_journal -E nodiscard /dev/nullb0 16m && mount /dev/nullb0 /tmp/slow || fail "ext4"

# Each event happens three times per round. The first round creates the series. The second lies between the
# two samples.
events() {
	local i
	for i in 1 2 3; do
		in_cgroup $pod cat /etc/app.conf 2> /dev/null
		in_cgroup small tail /dev/zero 2> /dev/null
		dd if=/dev/zero of=/tmp/slow/ledger bs=4k count=1 conv=fsync 2> /dev/null || fail "fsync"
		dd if=/dev/nullb0 of=/dev/null bs=4k count=1 skip="$i" iflag=direct 2> /dev/null || fail "dd"
		echo 3 > /proc/sys/vm/drop_caches
		dd if=/dev/nullb0 of=/dev/null bs=4k count=1 skip=$((100 + i)) 2> /dev/null || fail "dd"
	done
	/usr/lib/postgresql/15/bin/postgres || fail "postgres"
	python3 /tmp/recipes.py || fail "recipes.py"
	# Label sets get their texts within a second.
	sleep 1.5
}
events
scrape first
events
scrape second
stop_exporter || fail "stopped badly"
exit 0
