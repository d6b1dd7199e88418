#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The distribution's Prometheus scrapes two exporters: one on this machine, and one in a guest whose kernel
# supports kprobes. Its query API must answer typical questions: are both up, how often are functions called,
# how long do they take.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=prometheus
. tests/e2e/lib.sh
plan 12

libc=$(ldd /bin/sh | sed -n 's/.* => \(.*\/libc\.so[^ ]*\) .*/\1/p')
series=$(tests/vm/kernels.sh --default)

answers() {
	$client get "$1" /-/ready > "$temp/answers"
}

# query EXPRESSION: prints the values of the result, one per line
query() {
	curl -s -f -m 10 -G --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query" |
		jq -r '.data.result[].value[1]'
}

# holds N EXPRESSION: it has N values, each above 0
holds() {
	query "$2" > "$temp/answer" || return 1
	awk -v n="$1" '
		!/^[0-9.]+(e[-+]?[0-9]+)?$/ || $1 <= 0 { bad = 1 }
		END { exit bad || NR != n }' "$temp/answer"
}

assert_query() { # NAME N EXPRESSION
	if wait_for 90 holds "$2" "$3"; then
		ok "$1"
	else
		not_ok "$1" "$3 is $(paste -s -d ' ' "$temp/answer"), not $2 numbers above 0"
	fi
}

# Calls each probed function some times per second. getloadavg calls vfs_read.
cat > "$temp/calls.py" <<'END'
import os, time
while True:
    os.getpgid(0)
    os.getloadavg()
    time.sleep(0.05)
END

read -r native_port guest_port prometheus_port < <(free_ports 3)

"$exporter" --web.listen-address="127.0.0.1:$native_port" \
	syscall:getpgid syscall:openat "$libc:getloadavg" > "$temp/native.log" 2>&1 &
pids+=($!)
python3 "$temp/calls.py" &
pids+=($!)
mkdir "$temp/share"
cp "$temp/calls.py" "$temp/share/"
# With one CPU, an emulator has no other CPU's stale code to run.
# shellcheck disable=SC2016 # expanded in the guest
tests/vm/guest.sh -c 1 -k "$series" -t 900 -o "$temp/share" -f "$guest_port:10435" -- sh -c '
	python3 "$RESULTS/calls.py" &
	exec build/retprobe_exporter syscall:getpgid vfs_read "$0:getloadavg"' "$libc" \
	> "$temp/guest.log" 2>&1 &
pids+=($!)

cat > "$temp/prometheus.yml" <<END
global:
  scrape_interval: 2s
  scrape_timeout: 2s
scrape_configs:
  - job_name: native
    static_configs: [{targets: ["127.0.0.1:$native_port"]}]
  - job_name: guest
    static_configs: [{targets: ["127.0.0.1:$guest_port"]}]
END

wait_for 60 answers "$native_port" || give_up "native exporter" "it does not answer"
wait_for 600 answers "$guest_port" || give_up "guest exporter" "it does not answer"

prometheus --config.file="$temp/prometheus.yml" --storage.tsdb.path="$temp/data" \
	--web.listen-address="127.0.0.1:$prometheus_port" --log.level=warn > "$temp/prometheus.log" 2>&1 &
pids+=($!)
wait_for 60 answers "$prometheus_port" || give_up "start" "prometheus does not answer"

for job in native guest; do
	assert_query "$job is up" 1 "up{job=\"$job\"}"
	assert_query "$job rate" 3 "sum by (function) (rate(retprobe_returns_total{job=\"$job\"}[1m]))"
	assert_query "$job p99" 3 "histogram_quantile(0.99, sum by (le, function)
		(rate(retprobe_duration_seconds_bucket{job=\"$job\"}[1m])))"
	assert_query "$job p99 of all" 1 "histogram_quantile(0.99, sum by (le)
		(rate(retprobe_duration_seconds_bucket{job=\"$job\"}[1m])))"
done
# One label of many: the results of the calls.
assert_query "outcomes" 2 'sum by (job)
	(rate(retprobe_returns_total{object="syscall",function="getpgid",outcome="ok"}[1m]))'

# Of the last scrapes: on a busy machine, one can be late.
targets_fine() {
	targets=$(curl -s -m 10 "http://127.0.0.1:$prometheus_port/api/v1/targets" |
		jq -r '.data.activeTargets[] | "\(.labels.job) \(.health) \(.lastError)"' | sort | paste -s -d ';')
	[ "$targets" = "guest up ;native up " ]
}
if wait_for 60 targets_fine; then
	ok "targets without error"
else
	not_ok "targets without error" "$targets"
fi

for job in native guest; do
	port_name=${job}_port
	curl -s -m 60 --retry 3 "http://127.0.0.1:${!port_name}/metrics" > "$temp/$job.metrics"
	if ! [ -s "$temp/$job.metrics" ]; then
		not_ok "$job promtool" "the page is empty"
	elif promtool check metrics < "$temp/$job.metrics" > "$temp/promtool" 2>&1 &&
		! [ -s "$temp/promtool" ]; then
		ok "$job promtool"
	else
		not_ok "$job promtool" "it has complaints"
		sed 's/^/    /' "$temp/promtool"
	fi
done
exit $failed
