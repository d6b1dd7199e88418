#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: what happens in a year, in a minute. Reloads under load, a module that comes and
# goes, a program that is replaced, a server that is killed, a function that is called too often. What
# is seen goes to $RESULTS, for lifecycle_check.py.
#
#	lifecycle_guest.sh [RELOADS]
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
bb=/bin/busybox
reloads=${1:-20} # each that changes something takes seconds, emulated

start() { # start ARGS...
	start_exporter --web.enable-lifecycle "$@"
}

metrics_have() {
	get /metrics "$RESULTS/waiting" && grep -Eq "$1" "$RESULTS/waiting"
}

# wait_for REGEX: until a line of /metrics matches.
wait_for() {
	wait_until "$1 in /metrics" metrics_have "$1"
}

# The lines of the log with a text.
logged() {
	grep -c "$1" "$RESULTS/exporter.log"
}

logged_more() { # logged_more TEXT THAN
	[ "$(logged "$1")" -gt "$2" ]
}

post_reload() { # post_reload CURL_ARGUMENTS...
	curl -s --max-time 60 "$@" -X POST $URL/-/reload
}

server() {
	pgrep -P $exporter | tail -n 1
}

only_server() {
	[ "$(pgrep -c -P $exporter)" -eq 1 ]
}

# Descriptors and memory that are nobody else's, of both processes.
footprint() { # footprint NAME
	local pid
	wait_until "the end of old servers" only_server
	# What it takes to start is given back by then.
	wait_until "the new server" get /-/ready
	for pid in $exporter $(server); do
		ls "/proc/$pid/fd" | wc -l
		# The least of some moments: what a tick takes is given back after it.
		for _ in 1 2 3 4 5; do
			awk '/^(Private_Dirty|Anonymous)/ { sum += $2 } END { print sum }' "/proc/$pid/smaps_rollup"
			sleep 0.5
		done | sort -n | head -n 1
	done >"$RESULTS/$1"
}

# ---- reloads under load ----------------------------------------------------------------------------
base='probes:
  - {functions: __x64_sys_getpgid}
  - {functions: "do_unlinkat|filename_unlinkat", labels: [comm]}'
more='
  - {functions: [vfs_statx, vfs_mkdir]}
  - {syscalls: getsid}'

reload_by_request() {
	post_reload -o "$RESULTS/reload.answer" -w '%{http_code}\n' >>"$RESULTS/reload.codes" ||
		fail "POST /-/reload: curl ends with $?"
}

reload_by_signal() {
	local lines
	lines=$(logged 'the configuration')
	kill -HUP $exporter
	wait_until "a reload on SIGHUP" logged_more 'the configuration' "$lines"
}

load() { # until there is $RESULTS/enough; counts its rounds
	while [ ! -e "$RESULTS/enough" ]; do
		"$W" getpgid-live 2 400 >/dev/null && echo >>"$RESULTS/rounds.getpgid"
		"$W" unlink-missing 1 100 >/dev/null && echo >>"$RESULTS/rounds.unlink"
	done
}

echo "$base" >/tmp/life.yaml
build/retprobe_exporter --config.check --config.file=/tmp/life.yaml >"$RESULTS/plan" || fail "the plan"
tr - '\n' </sys/devices/system/cpu/possible | tail -n 1 >"$RESULTS/last-cpu"
start --config.file=/tmp/life.yaml
# What the kernel says that the maps take.
awk '/^memlock:/ { sum += $2 } END { print sum }' /proc/$exporter/fdinfo/* >"$RESULTS/memlock"
scrape reload.before
load &
loading=$!
for i in $(seq "$reloads"); do
	case $i in
	*[05]) echo "${base}${more}" ;;
	*1) echo "$base
  - {functions: vfs_statx, labls: [comm]}" ;;
	*[37]) echo "$base" ;;
	*) cat /tmp/life.yaml ;; # as it is
	esac >/tmp/life.new
	mv /tmp/life.new /tmp/life.yaml
	if [ $((i % 2)) -eq 0 ]; then reload_by_request; else reload_by_signal; fi
	# The sizes that libraries settle at, at the first use of everything; of the same probes as at the end.
	[ "$i" -ne $((reloads / 2)) ] || footprint footprint.before
	case $i in *1) scrape reload.invalid && echo "$base" >/tmp/life.yaml ;; esac
done
footprint footprint.after
touch "$RESULTS/enough"
wait $loading
post_reload >/dev/null
scrape reload.after
# Another setting is another probe, and begins at 0.
sed -i 's/labels: .comm./labels: [uid]/' /tmp/life.yaml
post_reload >/dev/null
scrape reload.other
stop_exporter

# ---- a module that comes and goes -------------------------------------------------------------------
send() { # send PACKETS
	local i
	for ((i = 0; i < $1; i++)); do echo x >/dev/udp/10.99.0.2/9; done
}

dummy_up() {
	modprobe dummy numdummies=0 || fail "no module dummy"
	$bb ip link add dummy0 type dummy 2>/dev/null || ip link add dummy0 type dummy || fail "no dummy0"
	echo 1 >/proc/sys/net/ipv6/conf/dummy0/disable_ipv6 2>/dev/null
	$bb ip address add 10.99.0.1/24 dev dummy0
	$bb ip link set dummy0 up
}

start dummy:dummy_xmit syscall:getpgid
scrape module.waiting
dummy_up
wait_for 'attached\{object="dummy",function="dummy_xmit",reason=""\} 1'
scrape module.attached
send 50
scrape module.counted
# Unloaded while it is being called.
(while send 20 2>/dev/null; do [ -d /sys/class/net/dummy0 ] || break; done) 2>/dev/null &
sending=$!
sleep 0.5
$bb rmmod dummy && echo unloaded >"$RESULTS/module.unload"
wait_for 'attached\{object="dummy",function="dummy_xmit",reason="waiting"\} 0'
wait $sending
scrape module.gone
dummy_up
wait_for 'attached\{object="dummy",function="dummy_xmit",reason=""\} 1'
send 30
scrape module.back
$bb rmmod dummy
stop_exporter

# ---- a program that is replaced ----------------------------------------------------------------------
start /tmp/program:workload_function syscall:getpgid
scrape program.missing
cp "$W" /tmp/program
wait_for 'attached\{object="/tmp/program",function="workload_function",reason=""\} 1'
/tmp/program user-function 2 100 7 >/dev/null
scrape program.first
changes=$(logged 'has changed')
cp "$W" /tmp/program.new
mv /tmp/program.new /tmp/program
wait_until "a program that has changed" logged_more 'has changed' "$changes"
wait_for 'attached\{object="/tmp/program",function="workload_function",reason=""\} 1'
/tmp/program user-function 2 60 7 >/dev/null
scrape program.second
stop_exporter

# ---- a server that is killed under fifty scrapes a second ------------------------------------------
start __x64_sys_getpgid
grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid)' "/proc/$(server)/status" >"$RESULTS/server.status"
ls -l "/proc/$(server)/fd" | sed -n 's/.*-> //p' >"$RESULTS/server.fds"
scraper() {
	local line
	trap '' PIPE # of a server that is gone
	while [ ! -e "$RESULTS/killed" ]; do
		line=refused
		if exec 3<>/dev/tcp/127.0.0.1/$PORT; then
			printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
			read -r -u 3 line
			exec 3<&-
		fi
		echo "$EPOCHREALTIME ${line:-cut}" >>"$RESULTS/scrapes"
		read -r -t 0.02 <><(:)
	done 2>/dev/null
}
answered() { # answered MORE_THAN
	[ "$(grep -c ' 200 ' "$RESULTS/scrapes")" -gt "$1" ]
} 2>/dev/null
"$W" getpgid-live 4 4000 >/dev/null
scraper &
scraping=$!
wait_until "scrapes" answered 15
kill -9 "$(server)"
wait_until "scrapes of the next server" answered "$(($(grep -c ' 200 ' "$RESULTS/scrapes") + 30))"
"$W" getpgid-live 4 4000 >/dev/null
touch "$RESULTS/killed"
wait $scraping
scrape killed.after
# Again and again: each time it takes longer until there is another.
for _ in 1 2 3 4 5; do
	listening=$(logged 'listening on')
	kill -9 "$(server)"
	wait_until "a server after one that was killed" logged_more 'listening on' "$listening"
done
scrape killed.again
# And the attacher, and its server with it.
old=$(server)
kill -9 $exporter
wait $exporter 2>/dev/null
for _ in $(seq 50); do kill -0 "$old" 2>/dev/null || break; sleep 0.1; done
kill -0 "$old" 2>/dev/null && echo "$old" >"$RESULTS/orphan"

# ---- two exporters that are process 1 of a PID namespace each, as in containers -------------------------
# They start at once, and their lists differ, so that one's first function is not the other's.
enclosed() { # enclosed PORT NAME FUNCTION...: to its process goes /tmp/NAME
	local port=$1 name=$2
	shift 2
	unshare --pid --fork --mount-proc --kill-child "$BINARY" --web.listen-address=127.0.0.1:"$port" \
		--mechanism=kretprobe "$@" >>"$RESULTS/exporter.log" 2>&1 &
	echo $! >"/tmp/$name"
}

is_ready() { # is_ready PORT
	PORT=$1 get /-/ready 2>/dev/null >&2
}

end_enclosed() { # end_enclosed SIGNAL NAME...: the exporters, not unshare(1)
	local name signal=$1
	shift
	for name; do kill "-$signal" "$(pgrep -P "$(cat "/tmp/$name")")"; done
	for name; do wait "$(cat "/tmp/$name")" 2>/dev/null; done
}

enclosed 10497 one vfs_mkdir vfs_link
enclosed 10498 other __x64_sys_rmdir vfs_mkdir
wait_until "an exporter in a PID namespace" is_ready 10497
wait_until "another one" is_ready 10498
mkdir /tmp/enclosed.{1..7}
rmdir /tmp/enclosed.{1..5}
PORT=10497 scrape enclosed.one
PORT=10498 scrape enclosed.other
# One is killed; the next to start is not kept from it, and leaves the live one's events alone.
end_enclosed KILL one
enclosed 10497 next __x64_sys_rmdir
wait_until "an exporter after one that was killed" is_ready 10497
rmdir /tmp/enclosed.{6..7}
PORT=10497 scrape enclosed.next
PORT=10498 scrape enclosed.still
end_enclosed TERM next other
# What versions before left, whose names were made of PIDs.
echo 'p:retprobe_1/retprobe_1_0_p0 __x64_sys_getpgid' >>$T/kprobe_events
start --mechanism=kretprobe __x64_sys_getpgid
stop_exporter
cat $T/kprobe_events >"$RESULTS/leftovers"

# ---- what probes are attached by is switched off ------------------------------------------------------
# Not every kernel lets that be done while something is attached.
switch_off_and_on() { # switch_off_and_on NAME FILE
	local state='attached\{object="vmlinux",function="__x64_sys_getpgid",reason='
	scrape "switch.$1.before"
	{ echo 0 >"$2"; } 2>/dev/null || return 0
	wait_for "$state\"disabled\"\} 0"
	"$W" getpgid-live 1 500 >/dev/null
	scrape "switch.$1.off"
	echo 1 >"$2"
	wait_for "$state\"\"\} 1"
	"$W" getpgid-live 1 700 >/dev/null
	scrape "switch.$1.on"
}

start --mechanism=kretprobe __x64_sys_getpgid
switch_off_and_on kprobes /sys/kernel/debug/kprobes/enabled
switch_off_and_on ftrace /proc/sys/kernel/ftrace_enabled
stop_exporter

# What is started meanwhile attaches nothing before it is switched on.
start_while_off() { # start_while_off NAME FILE
	{ echo 0 >"$2"; } 2>/dev/null || return 0
	start --mechanism=kretprobe __x64_sys_getpgid
	scrape "switch.$1.before"
	"$W" getpgid-live 1 500 >/dev/null
	scrape "switch.$1.off"
	echo 1 >"$2"
	wait_for 'attached\{object="vmlinux",function="__x64_sys_getpgid",reason=""\} 1'
	"$W" getpgid-live 1 700 >/dev/null
	scrape "switch.$1.on"
	stop_exporter
}

start_while_off kprobes.start /sys/kernel/debug/kprobes/enabled
start_while_off ftrace.start /proc/sys/kernel/ftrace_enabled

# ---- the valve -----------------------------------------------------------------------------------------
# Beside a module whose function turns out not to be as the configuration has it.
# And two that a filter lets nothing through of: that costs what it costs.
cat >/tmp/valve.yaml <<Y
probes:
  - {functions: __x64_sys_getpgid, max_rate: 1000}
  - {functions: ["do_unlinkat|filename_unlinkat", vfs_statx]}
  - {module: dummy, functions: dummy_xmit, labels: [{queue: "skb->nosuch"}]}
  - {functions: __x64_sys_msgrcv, filter: ["comm == nobody"], max_rate: 1000}
  - {user: {object: $W, functions: workload_function}, filter: ["comm == nobody"], max_rate: 100}
Y
start --config.file=/tmp/valve.yaml
dummy_up
wait_for 'attached\{object="dummy",function="dummy_xmit",reason="refused"\} 0'
"$W" unlink-missing 1 100 >/dev/null
scrape valve.before
"$W" getpgid-live 2 20000 >"$RESULTS/valve.during.json"
call_on() { # call_on OPERATION...: until there is $RESULTS/relieved
	while [ ! -e "$RESULTS/relieved" ]; do "$W" "$@" >/dev/null; done
}
# At once: each has to be called all the time, however slow the machine is.
call_on getpgid-live 1 20000 &
callers=($!)
call_on msgrcv-invalid 1 20000 &
callers+=($!)
call_on user-function 1 2000 7 &
callers+=($!)
wait_for 'attached\{object="vmlinux",function="__x64_sys_getpgid",reason="overload"\} 0'
wait_for 'attached\{.*function="__x64_sys_msgrcv",reason="overload"\} 0'
wait_for 'attached\{.*function="workload_function",reason="overload"\} 0'
scrape valve.open
touch "$RESULTS/relieved"
wait "${callers[@]}"
"$W" getpgid-live 2 20000 >"$RESULTS/valve.after.json"
"$W" unlink-missing 1 100 >/dev/null
scrape valve.others
$bb rmmod dummy
wait_for 'attached\{object="dummy",function="dummy_xmit",reason="waiting"\} 0'
post_reload >/dev/null
"$W" getpgid-live 1 10 >/dev/null
scrape valve.reloaded
stop_exporter
dmesg | grep -E 'BUG|WARNING|Oops|RIP:' >"$RESULTS/complaints"
exit 0
