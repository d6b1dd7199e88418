#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: the cases in which calls get lost, or counted twice, where that is possible at all.
# Scrapes go to $RESULTS for conformance_edges_check.py, with what a reference of the kernel's own says:
# a second probe without any BPF, whose hits the kernel counts.
set -u
cd "$(dirname "$0")/../.." || exit 1
W=$PWD/build/workload
PORT=10499
URL=http://127.0.0.1:$PORT
T=/sys/kernel/tracing

fail() {
	echo "not ok: $*"
	[ -f "$RESULTS/exporter.log" ] && tail -5 "$RESULTS/exporter.log"
	exit 1
}

start_exporter() { # start_exporter ARGS...
	build/retprobe_exporter --web.listen-address=127.0.0.1:$PORT "$@" >>"$RESULTS/exporter.log" 2>&1 &
	exporter=$!
	for _ in $(seq 300); do
		curl -sf -o /dev/null $URL/-/ready && return
		kill -0 $exporter 2>/dev/null || break
		sleep 0.1
	done
	fail "the exporter did not become ready with $*"
}

stop_exporter() {
	kill -TERM $exporter
	wait $exporter
}

scrape() { # scrape NAME
	curl -sf -o /dev/null $URL/metrics
	curl -sf $URL/metrics >"$RESULTS/$1" || fail "scrape $1"
}

# Fifty times a second, by the shell itself: a curl for each would be all that this machine does.
scraper() {
	local line
	while :; do
		exec 3<>/dev/tcp/127.0.0.1/$PORT || exit
		printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
		read -r -u 3 line
		case $line in *" 200 "*) echo >>"$RESULTS/scrapes" ;; *) echo "$line" >>"$RESULTS/scrapes.failed" ;; esac
		exec 3<&-
		read -r -t 0.02 <><(:)
	done
}

measure() { # measure NAME OPERATION...: a scrape before and after
	local name=$1
	shift
	scrape "$name.before"
	"$W" "$@" >"$RESULTS/$name.json" || fail "workload $*"
	scrape "$name.after"
}

# The same between two readings of the reference within, and two around the scrapes.
reference() { # reference NAME EVENT OPERATION...
	local name=$1 event=$2
	shift 2
	hits "$event" >"$RESULTS/$name.outer.before"
	scrape "$name.before"
	hits "$event" >"$RESULTS/$name.inner.before"
	"$W" "$@" >"$RESULTS/$name.json" || fail "workload $*"
	hits "$event" >"$RESULTS/$name.inner.after"
	scrape "$name.after"
	hits "$event" >"$RESULTS/$name.outer.after"
}

hits() {
	awk -v event="$1" '$1 == event { print $2 + $3 }' $T/kprobe_profile
}

uname -r >"$RESULTS/kernel"

# ---- nested functions, killed tasks, calls in flight at the start --------------------------------
"$W" msgrcv-sleep 20 20 4000 >"$RESULTS/in-flight.json" &
sleeping=$!
sleep 1
start_exporter 'do_unlinkat|filename_unlinkat' vfs_unlink __x64_sys_msgrcv syscall:msgrcv
wait $sleeping
scrape in-flight.after
measure nested unlink-existing 4 400
measure killed msgrcv-killed 50 50
stop_exporter

# ---- every function of a family at once: nesting through many probes -----------------------------
start_exporter 'vfs_*' 'do_unlinkat|filename_unlinkat' 'security_inode_*' 'security_path_*'
scraper &
scraping=$!
measure many unlink-existing 4 400
kill $scraping
wait $scraping 2>/dev/null
stop_exporter

# ---- hard interrupts, also from idle -------------------------------------------------------------
echo 'p:edges/edges_wakeup hrtimer_wakeup' >>$T/kprobe_events
echo 1 >$T/events/edges/edges_wakeup/enable
for cells in mmap percpu; do
	start_exporter --cells=$cells hrtimer_wakeup
	scraper &
	scraping=$!
	reference interrupt-$cells edges_wakeup nanosleep 4 2000
	kill $scraping
	wait $scraping 2>/dev/null
	stop_exporter
done
echo 0 >$T/events/edges/edges_wakeup/enable
echo '-:edges/edges_wakeup' >>$T/kprobe_events

# ---- return slots used up ------------------------------------------------------------------------
cat >/tmp/slots.yaml <<'Y'
probes:
  - {functions: __x64_sys_msgrcv, mechanism: kretprobe, maxactive: 10}
Y
start_exporter --config.file=/tmp/slots.yaml
measure slots msgrcv-sleep 100 300 300
stop_exporter
exit 0
