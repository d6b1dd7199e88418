#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: a disk on which every request takes 20 ms, refused TCP connections, and the events of the
# recipes in deploy/RECIPES.md. The configuration is that of the recipes, taken from the page. It adds the
# functions that the page and the presets compare with them. Writes scrapes to $RESULTS for advice_check.py, and
# on Linux 5.10 the plan of all recipes.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

modprobe null_blk irqmode=2 completion_nsec=20000000 nr_devices=1 submit_queues=1 memory_backed=1 gb=1 ||
	fail "null_blk"
ip link set lo up || fail "lo"
modprobe ext4 || fail "ext4"
mkdir -p /usr/lib/postgresql/15/bin /tmp/slow && cp build/postgres /usr/lib/postgresql/15/bin/ || fail "postgres"
old=
[[ $(uname -r) != 5.10.* ]] || old=yes

recipes() { # recipes KIND [HEADING]: the `probes` or `spans` of one recipe, or of all
	awk -v kind="$1:" -v only="${2:-}" '/^## / { here = only == "" || $0 == "## " only }
		/^```yaml/ { first = here; next } /^```/ { on = 0 } first { on = $0 == kind; first = 0; next } on' \
		deploy/RECIPES.md |
		# Linux 5.10 has the disk in the bio itself.
		sed "${old:+s/bi_bdev->bd_disk/bi_disk/}"
}

{
	if [ -n "$old" ]; then
		# Without multi links, kretprobes attach fastest.
		printf 'defaults: {mechanism: kretprobe, maxactive: 16}\nprobes:\n'
		recipes probes 'Why is my disk slow?'
	else
		echo 'probes:'
		recipes probes
	fi
	echo '  - functions: [submit_bio_wait, submit_bio, blkdev_read_iter, inet_stream_connect, tcp_v4_connect, tcp_reset]'
	echo '  - syscalls: [connect]'
	echo 'spans:'
	recipes spans
} > /tmp/advice.yaml
start_exporter --config.file=/tmp/advice.yaml

# Reads blocks that no read has put into the page cache.
block=5000
read_disk() { # read_disk [DD OPTION]
	block=$((block + 100))
	dd if=/dev/nullb0 of=/dev/null bs=4k count=1 skip=$block "$@" 2> /dev/null || fail "dd"
}

for _ in {1..10}; do read_disk iflag=direct; done
scrape direct
for _ in {1..10}; do read_disk; done
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
if [ -n "$old" ]; then
	stop_exporter || fail "stopped badly"
	(echo 'probes:' && recipes probes && echo 'spans:' && recipes spans) > /tmp/recipes.yaml
	$BINARY --config.check --config.file=/tmp/recipes.yaml > "$RESULTS/plan" 2>&1 || fail "the plan of the recipes"
	exit 0
fi
pod=kubepods.slice/kubepods-podaaaaaaaa_1111_2222_3333_444444444444.slice
mkdir -p /sys/fs/cgroup/$pod /sys/fs/cgroup/small || fail "cgroups"
echo +memory > /sys/fs/cgroup/cgroup.subtree_control && echo 24M > /sys/fs/cgroup/small/memory.max ||
	fail "memory controller"
mkfs.ext4 -q -O ^has_journal -E nodiscard /dev/nullb0 16m && mount /dev/nullb0 /tmp/slow || fail "ext4"

# A process that has OpenSSL mapped, and its file is probed.
coproc tls { in_cgroup $pod build/tls; }
has_library() {
	get /metrics /tmp/metrics && grep -q '^retprobe_probe_files{object="libssl.so.3",.*state="attached"} [1-9]' /tmp/metrics
}
wait_until "the file of OpenSSL" has_library

# Each event happens three times per round. The first round creates the series. The second lies between the
# two samples.
events() {
	for _ in 1 2 3; do
		in_cgroup $pod cat /etc/app.conf 2> /dev/null
		in_cgroup small tail /dev/zero 2> /dev/null
		dd if=/dev/zero of=/tmp/slow/ledger bs=4k count=1 conv=fsync 2> /dev/null || fail "fsync"
		read_disk iflag=direct
		read_disk
		echo >&"${tls[1]}" && read -r -N 1 -t 60 -u "${tls[0]}" || fail "tls"
	done
	/usr/lib/postgresql/15/bin/postgres || fail "postgres"
	python3 /tmp/recipes.py || fail "recipes.py"
	# Label sets get their texts within a second.
	pause 1.5
}
events
scrape first
events
scrape second
stop_exporter || fail "stopped badly"
exit 0
