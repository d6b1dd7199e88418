#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: the spans of the presets, beside what the kernel itself says about the same. Writes scrapes to
# $RESULTS for waits_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# Those events of which the kernel has no count are counted by tracefs.
instances="workqueue:workqueue_queue_work workqueue:workqueue_execute_start workqueue:workqueue_execute_end
	timer:timer_expire_exit timer:hrtimer_expire_exit"
for event in $instances; do
	mkdir -p "$T/instances/${event#*:}" && echo 8 >"$T/instances/${event#*:}/buffer_size_kb" &&
		echo 1 >"$T/instances/${event#*:}/events/${event/://}/enable" || fail "$event"
done

# What the kernel says: `KIND NAME NUMBER`.
tell() { # tell FILE
	{
		awk '/^cpu/ { wait += $(NF - 1); n += $NF } END { printf "run_queue ns %.0f\nrun_queue n %.0f\n", wait, n }' \
			/proc/schedstat
		awk 'NR > 1 { n = 0; for (i = 2; i <= NF; i++) n += $i; sub(":", ""); printf "softirq %s %.0f\n", $1, n }' \
			/proc/softirqs
		awk 'NR == 1 { cpus = NF; next } $1 ~ /^[0-9]+:$/ && NF > cpus + 2 {
			n = 0; for (i = 2; i <= 1 + cpus; i++) n += $i; printf "hardirq %s %.0f\n", $NF, n }' /proc/interrupts
		for event in $instances; do
			awk -v name="${event#*:}" '$1 == "entries:" || $1 == "overrun:" { n += $2 }
				END { printf "event %s %.0f\n", name, n }' "$T/instances/${event#*:}"/per_cpu/cpu*/stats
		done
	} >"$RESULTS/$1" || fail "telling $1"
}

both() { # both NAME: a scrape, and what the kernel says before and after it
	tell "$1.before"
	scrape "$1"
	tell "$1.after"
}

{
	echo "spans:"
	for preset in scheduler interrupts tcp; do
		sed '1,/^spans:/d' deploy/presets/$preset.yaml
	done
} | sed '/name: tcp_connect/,$s/labels: \[/&comm, /' >/tmp/waits.yaml
modprobe -a dummy veth || fail "dummy, veth"
{
	echo 1 >/proc/sys/net/ipv4/tcp_syn_retries &&
	ip link set lo up &&
	ip link add dummy0 type dummy && ip addr add 10.9.0.1/24 dev dummy0 && ip addr add fd09::1/64 dev dummy0 nodad &&
	ip link add veth0 type veth peer name veth1 && ip addr add 10.9.1.1/24 dev veth0 &&
	echo 100 >/proc/sys/net/ipv4/neigh/veth0/retrans_time_ms &&
	ip link set dummy0 up && ip link set veth1 up && ip link set veth0 up
} || fail "links"

cat >/tmp/connects.py <<'E2'
"""Connections whose fate is known: the address, blocking or not, and how many."""
import errno, json, os, select, socket, struct, time, tty

listeners = []
for family, address in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
    s = socket.socket(family)
    s.bind((address, 7777))
    s.listen(64)
    listeners.append(s)
closed, nobody, no_neighbour = 9, ("10.9.0.2", 7777), ("10.9.1.2", 7777)
PLAN = (("127.0.0.1", 7777, True, 4, 0), ("127.0.0.1", 7777, False, 3, 0), ("::1", 7777, True, 2, 0),
        ("::1", 7777, False, 2, 0), ("127.0.0.1", closed, True, 3, errno.ECONNREFUSED),
        ("127.0.0.1", closed, False, 3, errno.ECONNREFUSED), ("::1", closed, True, 2, errno.ECONNREFUSED),
        ("::1", closed, False, 1, errno.ECONNREFUSED), (*nobody, False, 3, errno.ETIMEDOUT),
        (*no_neighbour, False, 2, errno.EHOSTUNREACH), ("fd09::2", 7777, False, 1, errno.ETIMEDOUT))
sockets, fates = [], {}
for address, port, blocking, n, expected in PLAN:
    for _ in range(n):
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        s.setblocking(blocking)
        found = s.connect_ex((address, port))
        sockets.append((s, None if found == errno.EINPROGRESS else found, expected))
for s, found, expected in sockets:
    if found is None:
        p = select.poll()
        p.register(s, select.POLLOUT)
        p.poll(120000)
        found = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if found != expected:
        raise SystemExit(f"{s}: {os.strerror(found)}, not {os.strerror(expected)}")
    key = f"{s.family.name} {errno.errorcode.get(found, 0)}"
    fates[key] = fates.get(key, 0) + 1
for _ in range(3):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(nobody)
    s.close()

# Connections that wait to be accepted, for 0.3 s at least; the last one's peer resets it.
def connect_to(server, reset=False):
    s = socket.create_connection(server.getsockname()[:2])
    if reset:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    return s


def listen(family, address):
    s = socket.socket(family)
    s.bind((address, 7778))
    s.listen(64)
    return s


v4, v6 = listen(socket.AF_INET, "127.0.0.1"), listen(socket.AF_INET6, "::1")
began = time.monotonic()
clients = [connect_to(v4) for _ in range(4)] + [connect_to(v6) for _ in range(2)] + [connect_to(v4, reset=True)]
time.sleep(0.3)
accepted = [v4.accept() for _ in range(5)] + [v6.accept() for _ in range(2)]
seconds = time.monotonic() - began
clients += [connect_to(v4) for _ in range(3)]
fates["AF_INET 0"] += 8
fates["AF_INET6 0"] += 2
print(json.dumps({"fates": fates, "accepted": {"AF_INET": 5, "AF_INET6": 2}, "seconds": seconds,
                  "never accepted": 3 + sum(n for *_, n, expected in PLAN if not expected)}))

# Work for workqueues: a terminal's input.
master, slave = os.openpty()
tty.setraw(slave)
for _ in range(200):
    os.write(master, b"x")
    os.read(slave, 1)
E2
start_exporter --config.file=/tmp/waits.yaml
both first
run competitor compete 4 40 20
both competed
run sleeper nanosleep 2 400
python3 /tmp/connects.py >"$RESULTS/connects" || fail "connects"
both second
stop_exporter
exit 0
