#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: the configuration of deploy/TOOLS.md, and everything that it counts, on a disk that takes 20 ms.
# Writes a scrape to $RESULTS for tools_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

section() { # section KIND: the `probes` or `spans` of the page
	awk -v kind="$1:" '/^```/ { block = $0 == "```yaml"; on = 0; next } block && /^[a-z]/ { on = $0 == kind; next } on' \
		deploy/TOOLS.md
}

modprobe null_blk irqmode=2 completion_nsec=20000000 nr_devices=1 submit_queues=1 memory_backed=1 gb=1 ||
	fail "null_blk"
modprobe ext4 || fail "ext4"
ip link set lo up || fail "lo"
mkdir -p /tmp/slow /sys/fs/cgroup/small || fail "directories"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control && echo 24M >/sys/fs/cgroup/small/memory.max || fail "memory"
mkfs.ext4 -q -O ^has_journal -E nodiscard /dev/nullb0 16m && mount /dev/nullb0 /tmp/slow || fail "ext4"
(echo probes: && section probes && echo spans: && section spans) >/tmp/tools.yaml
cp /tmp/tools.yaml "$RESULTS/tools.yaml"
start_exporter --config.file=/tmp/tools.yaml

# Disks and files. The second read is in the page cache.
dd if=/dev/zero of=/tmp/slow/file bs=4k count=2 oflag=direct conv=fsync 2>/dev/null || fail "write"
dd if=/tmp/slow/file of=/dev/null bs=4k iflag=direct 2>/dev/null || fail "read"
cat /tmp/slow/file /tmp/slow/file >/dev/null
mknod /tmp/slow/pipe p || fail "mknod"
mkdir /tmp/mounted && mount -t tmpfs none /tmp/mounted && umount /tmp/mounted || fail "mount"
sync /tmp/slow/file && sync -d /tmp/slow/file && sync -f /tmp/slow/file && sync || fail "sync"
cat /tmp/no-such-file 2>/dev/null

# Programs
sleep 1000 &
kill $! || fail "kill"
"$W" hostname-refused 1 3 >/dev/null || fail "hostname"
(echo $BASHPID >/sys/fs/cgroup/small/cgroup.procs && exec tail /dev/zero) 2>/dev/null

# A signal to a thread. Then a queue of one: the second connection is sent again after a second, and the third port is closed.
/usr/bin/python3 - <<'END' || fail "python"
import gc, signal, socket, threading, time
gc.collect()
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
waiting = [socket.socket() for _ in range(4)]
for s in waiting:
    s.setblocking(False)
    s.connect_ex(listener.getsockname())
time.sleep(1.5)
socket.socket().connect_ex(("127.0.0.1", 9))
END
pause 1.5 # label sets get their texts within a second
scrape after
stop_exporter || fail "stopped badly"
