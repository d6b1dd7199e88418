#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs on this machine, in real time: what a scrape costs the exporter, by number of targets.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

scrapes=200

# Nanoseconds of CPU that the exporter, with all its threads and children, has used.
cpu_time() {
	local process
	for process in $(ps -o pid= --pid "$pid" --ppid "$pid"); do
		cat "/proc/$process"/task/*/schedstat
	done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Over one connection, as Prometheus does it.
scrape() { # scrape TIMES [CURL ARGUMENTS]: bytes of the last one's body
	local urls i times=$1
	shift
	for ((i = 0; i < times; i++)); do
		urls="${urls:-} $url/metrics"
	done
	# shellcheck disable=SC2086 # words
	curl -sf -w '%{stderr}%{size_download}\n' "$@" $urls 2>&1 >/dev/null | tail -n 1
}

scrape_cost() { # scrape_cost NAME ARGUMENTS...
	local name=scrape/$1 kind before bytes
	shift
	before=$(microseconds)
	if ! start_exporter 120 "$@"; then
		figure "$name" - "$why"
		return
	fi
	figure "$name/start" $((($(microseconds) - before) / 1000))
	figure "$name" "$(metric 'retprobe_probe_attached[{]')"
	figure "$name/series" "$(curl -sf "$url/metrics" | grep -vc '^#')"
	for kind in plain gzip; do
		set --
		[ $kind = plain ] || set -- -H 'Accept-Encoding: gzip'
		scrape 20 "$@" >/dev/null
		before=$(cpu_time)
		bytes=$(scrape $scrapes "$@")
		figure "$name/$kind/cpu" $((($(cpu_time) - before) / scrapes / 1000))
		figure "$name/$kind/bytes" "$bytes"
	done
	figure "$name/rss" "$(ps -o rss= --pid "$pid" --ppid "$pid" | awk '{ sum += $1 } END { print sum }')"
	figure "$name/cells" "$(metric retprobe_exporter_cell_bytes)"
	before=$(microseconds)
	stop TERM
	took=$((($(microseconds) - before) / 1000))
	figure "$name/stop" $took
}

syscalls() { # syscalls COUNT
	$exporter --probe.list='syscall:*' 2>/dev/null | awk '$1 == "syscall" { print "syscall:" $2 }' |
		head -n "$1"
}

figure kernel "$(uname -r)"
figure cpus "$(nproc)"
# shellcheck disable=SC2046 # words
for n in 10 100; do
	scrape_cost "$n system calls" $(syscalls $n)
done
scrape_cost 'all system calls' 'syscall:*'
scrape_cost '1,000 user functions' "$PWD/build/bench_many:bench_many_0*"
if [ "${took:-0}" -lt 30000 ]; then
	scrape_cost '3,000 user functions' "$PWD/build/bench_many:bench_many_*"
else
	figure 'scrape/3,000 user functions' - \
		"detaching 1,000 user functions took $((took / 1000)) s: 3,000 not run"
fi
