#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: the events of a year in a minute.
# - reloads under load
# - overload protection
# - a module that is loaded and unloaded
# - a program that is replaced
# - kprobes that are switched off
# - a server that is killed
#
# Two exporters live through most of it, because each start takes seconds in an emulated guest. Writes results
# to $RESULTS for lifecycle_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
bb=/bin/busybox

start() { # start ARGS...
	start_exporter --web.enable-lifecycle "$@"
}

wait_for() { # wait_for REGEX: until a line of /metrics matches
	$CLIENT until $PORT /metrics "$1" || fail "time is up waiting for $1 in /metrics"
}

# Sets $count: the number of TEXTs in FILE. Uses no process, because it is called often.
count_texts() { # count_texts FILE TEXT
	local all='' rest
	read -r -d '' all <"$RESULTS/$1"
	rest=${all//"$2"/}
	count=$(((${#all} - ${#rest}) / ${#2}))
}

has_more() { # has_more FILE TEXT THAN
	count_texts "$1" "$2"
	[ "$count" -gt "$3" ]
}

reload() {
	$CLIENT post $PORT /-/reload
}

# Sets $servers.
find_servers() {
	read -r -a servers <"/proc/$exporter/task/$exporter/children"
}

only_server() {
	find_servers
	[ ${#servers[@]} -eq 1 ]
}

# Sets $memory: the private kilobytes of a process.
read_memory() { # read_memory PID
	local name size
	memory=0
	while read -r name size _; do
		case $name in Private_Dirty: | Anonymous:) memory=$((memory + size)) ;; esac
	done <"/proc/$1/smaps_rollup"
}

# Descriptors and private memory of both processes.
footprint() { # footprint NAME
	local pid least memory descriptors
	wait_until "the end of old servers" only_server
	# By then, the memory of the start has been freed.
	$CLIENT ready $PORT $exporter || fail "no new server"
	for pid in $exporter "${servers[@]}"; do
		least=''
		# The minimum of several moments: the memory of a tick is freed after it.
		for _ in 1 2 3 4 5; do
			read_memory "$pid"
			[ -n "$least" ] && [ "$memory" -ge "$least" ] || least=$memory
			pause 0.5
		done
		descriptors=("/proc/$pid/fd/"*)
		[ ${#descriptors[@]} -gt 1 ] || fail "process $pid has ended"
		printf '%s\n' ${#descriptors[@]} "$least"
	done >"$RESULTS/$1"
}

# ---- reloads under load ----------------------------------------------------------------------------
base='probes:
  - {functions: '"$SYS"'getpgid}
  - {functions: "do_unlinkat|filename_unlinkat", labels: [comm]}'
more='
  - {functions: [vfs_statx, vfs_mkdir]}
  - {syscalls: getsid}'

reload_by_request() {
	reload && echo 200 >>"$RESULTS/reload.codes" || fail "POST /-/reload"
}

reload_by_signal() {
	count_texts exporter.log 'the configuration'
	local before=$count
	kill -HUP $exporter
	wait_until "a reload on SIGHUP" has_more exporter.log 'the configuration' "$before"
}

# By request and by signal in turn.
by_signal=true
reload_to() { # reload_to CONTENT
	printf '%s\n' "$1" >/tmp/life.yaml
	if $by_signal; then reload_by_signal; else reload_by_request; fi
	$by_signal && by_signal=false || by_signal=true
}

echo "$base" >/tmp/life.yaml
build/retprobe_exporter --config.check --config.file=/tmp/life.yaml >"$RESULTS/plan" || fail "the plan"
for list in online possible; do
	tr -- '-,' '\n\n' </sys/devices/system/cpu/$list | tail -n 1
done >"$RESULTS/last-cpus"
start --config.file=/tmp/life.yaml
# The memory of the maps.
awk '/^memlock:/ { sum += $2 } END { print sum }' /proc/$exporter/fdinfo/* >"$RESULTS/memlock"
# A CPU that comes after the probes. From then on, the load uses it, too.
if [ "$(cat /sys/devices/system/cpu/cpu1/online 2>/dev/null)" = 0 ]; then
	echo 1 >/sys/devices/system/cpu/cpu1/online || fail "CPU 1"
	ln -sf "$W" /tmp/late
	taskset -c 1 /tmp/late unlink-missing 1 100 >/dev/null || fail "calls on CPU 1"
	taskset -c 1 /tmp/late getpgid-live 1 500 >/dev/null || fail "calls on CPU 1"
	scrape late
fi
scrape reload.before
"$W" stream 2 1000000000 >"$RESULTS/load.json" &
loading=$!
reload_to "$base
  - {functions: vfs_statx, labls: [comm]}"
scrape reload.invalid
reload_to "$base"
# By the end of the first round, libraries have their final size.
for round in before after; do
	reload_to "$base$more"
	reload_to "$base$more"
	reload_to "$base"
	reload_to "$base$more"
	reload_to "$base"
	footprint "footprint.$round"
done
kill -TERM $loading
wait $loading || fail "the load"
load_ended=$SECONDS
reload
scrape reload.after
# A probe with other settings is a new probe, and starts at 0.
sed -i 's/labels: .comm./labels: [uid]/' /tmp/life.yaml
reload
scrape reload.other

# ---- overload protection ------------------------------------------------------------------------------
# Two functions have a filter that matches no call: the programs still run. The configuration does not fit the
# module's function.
dummy_up() {
	modprobe dummy numdummies=0 || fail "no module dummy"
	$bb ip link add dummy0 type dummy 2>/dev/null || ip link add dummy0 type dummy || fail "no dummy0"
	echo 1 >/proc/sys/net/ipv6/conf/dummy0/disable_ipv6 2>/dev/null
	$bb ip address add 10.99.0.1/24 dev dummy0
	$bb ip link set dummy0 up
}

# The rate is an average over 10 s, and the load called getpgid(2).
while [ $SECONDS -lt $((load_ended + 12)) ]; do pause 0.5; done
cat >/tmp/life.yaml <<Y
probes:
  - {functions: ${SYS}getpgid, max_rate: 100}
  - {functions: ["do_unlinkat|filename_unlinkat", vfs_statx]}
  - {module: dummy, functions: dummy_xmit, labels: [{queue: "skb->nosuch"}]}
  - {functions: ${SYS}msgrcv, filter: ["comm == nobody"], max_cpu: 0.01%}
  - {user: {object: $W, functions: workload_function}, filter: ["comm == nobody"], max_rate: 100}
Y
reload
dummy_up
wait_for 'attached\{object="dummy",function="dummy_xmit",reason="refused"\} 0'
scrape rate_guard.before
"$W" unlink-missing 1 100 >/dev/null
"$W" bursts 1 1000000000 >"$RESULTS/bursts.json" &
calling=$!
wait_for 'attached\{object="vmlinux",function="'"$SYS"'getpgid",reason="overload"\} 0'
wait_for 'attached\{.*function="'"$SYS"'msgrcv",reason="overload"\} 0'
wait_for 'attached\{.*function="workload_function",reason="overload"\} 0'
scrape rate_guard.open
overload=$SECONDS
kill -TERM $calling
wait $calling || fail "bursts"
"$W" unlink-missing 1 100 >/dev/null
scrape rate_guard.others
$bb rmmod dummy
wait_for 'attached\{object="dummy",function="dummy_xmit",reason="waiting"\} 0'
# The rate is an average over 10 s.
while [ $SECONDS -lt $((overload + 12)) ]; do pause 0.5; done
reload
"$W" getpgid-live 1 10 >/dev/null
scrape rate_guard.reloaded
stop_exporter

# ---- an exporter that starts while kprobes are switched off --------------------------------------------
# It attaches nothing until they are switched on. Some kernels refuse to switch ftrace off.
start_while_off() { # start_while_off NAME FILE ARGS...
	{ echo 0 >"$2"; } 2>/dev/null || return
	start "${@:3}"
	scrape "switch.$1.before"
	"$W" getpgid-live 1 500 >/dev/null
	scrape "switch.$1.off"
	echo 1 >"$2"
	wait_for 'attached\{object="vmlinux",function="'"$SYS"'getpgid",reason=""\} 1'
	"$W" getpgid-live 1 700 >/dev/null
	scrape "switch.$1.on"
}

# ---- a module that is loaded and unloaded ---------------------------------------------------------------
send() { # send PACKETS
	local i
	for ((i = 0; i < $1; i++)); do echo x >/dev/udp/10.99.0.2/9; done
}

cat >/tmp/changes.yaml <<Y
probes:
  - {module: dummy, functions: dummy_xmit}
  - {user: {object: /tmp/program, functions: workload_function}}
  - {functions: ${SYS}getpgid, mechanism: kretprobe, maxactive: 64}
Y
# Former versions left events with process IDs in their names. They are removed, too.
echo 'p:retprobe_1/retprobe_1_0_p0 '"$SYS"'getpgid' >>$T/kprobe_events
start_while_off kprobes.start /sys/kernel/debug/kprobes/enabled --config.file=/tmp/changes.yaml
scrape program.missing
scrape module.waiting
dummy_up
wait_for 'attached\{object="dummy",function="dummy_xmit",reason=""\} 1'
scrape module.attached
send 50
scrape module.counted
# It is unloaded under load.
(while send 20 2>/dev/null; do [ -d /sys/class/net/dummy0 ] || break; done) 2>/dev/null &
sending=$!
pause 0.5
$bb rmmod dummy && echo unloaded >"$RESULTS/module.unload"
wait_for 'attached\{object="dummy",function="dummy_xmit",reason="waiting"\} 0'
wait $sending
scrape module.gone
dummy_up
wait_for 'attached\{object="dummy",function="dummy_xmit",reason=""\} 1'
send 30
scrape module.back
$bb rmmod dummy

# ---- a program that is replaced ----------------------------------------------------------------------
cp "$W" /tmp/program
wait_for 'attached\{object="/tmp/program",function="workload_function",reason=""\} 1'
/tmp/program user-function 2 100 7 >/dev/null
scrape program.first
count_texts exporter.log 'has changed'
changes=$count
cp "$W" /tmp/program.new
mv /tmp/program.new /tmp/program
wait_until "a program that has changed" has_more exporter.log 'has changed' "$changes"
wait_for 'attached\{object="/tmp/program",function="workload_function",reason=""\} 1'
/tmp/program user-function 2 60 7 >/dev/null
scrape program.second

# ---- kprobes and ftrace are switched off ---------------------------------------------------------------
# Some kernels refuse this while something is attached.
switch_off_and_on() { # switch_off_and_on NAME FILE
	local state='attached\{object="vmlinux",function="'"$SYS"'getpgid",reason='
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

switch_off_and_on kprobes /sys/kernel/debug/kprobes/enabled
switch_off_and_on ftrace /proc/sys/kernel/ftrace_enabled

# ---- a server that is killed under fifty scrapes a second ------------------------------------------
find_servers
server=${servers[0]}
grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid)' "/proc/$server/status" >"$RESULTS/server.status"
ls -l "/proc/$server/fd" | sed -n 's/.*-> //p' >"$RESULTS/server.fds"
scraper() {
	local line
	trap '' PIPE # the server may be gone
	while [ ! -e "$RESULTS/killed" ]; do
		line=refused
		if exec 3<>/dev/tcp/127.0.0.1/$PORT; then
			printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
			read -r -u 3 line
			exec 3<&-
		fi
		echo "$EPOCHREALTIME ${line:-cut}" >>"$RESULTS/scrapes"
		pause 0.02
	done 2>/dev/null
}
scrape killed.before
"$W" getpgid-live 4 4000 >/dev/null
scraper &
scraping=$!
wait_until "scrapes" has_more scrapes ' 200 ' 15 2>/dev/null
kill -9 "$server"
count_texts scrapes ' 200 '
wait_until "scrapes of the next server" has_more scrapes ' 200 ' $((count + 30))
"$W" getpgid-live 4 4000 >/dev/null
touch "$RESULTS/killed"
wait $scraping
scrape killed.after
# After each further death, the next server starts later.
for _ in 1 2 3 4 5; do
	count_texts exporter.log 'listening on'
	listening=$count
	find_servers
	kill -9 "${servers[@]}"
	wait_until "a server after one that was killed" has_more exporter.log 'listening on' "$listening"
done
scrape killed.again
# The attacher is killed, and its server ends with it.
find_servers
old=${servers[0]}
kill -9 $exporter
wait $exporter 2>/dev/null
for ((i = 0; i < 50; i++)); do
	kill -0 "$old" 2>/dev/null || break
	pause 0.1
done
kill -0 "$old" 2>/dev/null && echo "$old" >"$RESULTS/orphan"

# ---- two exporters, each process 1 of a PID namespace, as in containers --------------------------------
# They start at once, and their first functions differ.
enclosed() { # enclosed PORT NAME FUNCTION...: writes its process ID to /tmp/NAME
	local port=$1 name=$2
	shift 2
	unshare --pid --fork --mount-proc --kill-child "$BINARY" --web.listen-address=127.0.0.1:"$port" \
		--mechanism=kretprobe "$@" >>"$RESULTS/exporter.log" 2>&1 &
	echo $! >"/tmp/$name"
}

wait_ready() { # wait_ready PORT
	$CLIENT until "$1" /-/ready . || fail "time is up waiting for the exporter in a PID namespace"
}

end_enclosed() { # end_enclosed SIGNAL NAME...: the exporters, not unshare(1)
	local name signal=$1
	shift
	for name; do kill "-$signal" "$(pgrep -P "$(cat "/tmp/$name")")"; done
	for name; do wait "$(cat "/tmp/$name")" 2>/dev/null; done
}

# arm64 has no rmdir(2). 5.10 inlines vfs_rmdir() there.
rmdir=vfs_rmdir
[ "$SYS" != __x64_sys_ ] || rmdir=${SYS}rmdir
enclosed 10497 one vfs_mkdir vfs_link
enclosed 10498 other $rmdir vfs_mkdir
wait_ready 10497
wait_ready 10498
mkdir /tmp/enclosed.{1..7}
rmdir /tmp/enclosed.{1..5}
PORT=10497 scrape enclosed.one
PORT=10498 scrape enclosed.other
# One is killed. The next one still starts, and leaves the events of the live one alone.
end_enclosed KILL one
enclosed 10497 next $rmdir
wait_ready 10497
rmdir /tmp/enclosed.{6..7}
PORT=10497 scrape enclosed.next
PORT=10498 scrape enclosed.still
end_enclosed TERM next other

# ---- an exporter that starts while ftrace is switched off ------------------------------------------------
if start_while_off ftrace.start /proc/sys/kernel/ftrace_enabled --mechanism=kretprobe ${SYS}getpgid; then
	stop_exporter
fi
cat $T/kprobe_events >"$RESULTS/leftovers"
dmesg | grep -E 'BUG|WARNING|Oops|RIP:' >"$RESULTS/complaints"
exit 0
