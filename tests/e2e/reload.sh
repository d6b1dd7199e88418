#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The exporter, natively: reloads refuse no request, with probes of user functions that nothing calls. Probes
# that are added one by one do not affect the counts of others.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=reload
. tests/e2e/lib.sh
plan 6

many=$PWD/build/bench_many
read -r port < <(free_ports 1)

ready() {
	curl -s -f -m 10 -o "$temp/ready" "http://127.0.0.1:$port/-/ready"
}

echo "probes: [{functions: \"$many:bench_many_000*\"}]" > "$temp/config.yml"
NOTIFY_SOCKET=$temp/notify "$exporter" --web.listen-address="127.0.0.1:$port" --web.enable-lifecycle \
	--config.file="$temp/config.yml" > "$temp/exporter.log" 2>&1 &
pids+=($!)
wait_for 60 ready || give_up "start" "it does not answer"
timeout 600 python3 -B tests/e2e/reload_clients.py "$port" "$temp/config.yml" "$temp/exporter.log" \
	"${pids[0]}" "$temp/notify" "$many:bench_many_001*" "$many:bench_many_000*" || failed=1
stop() {
	kill -TERM "${pids[0]}"
	wait "${pids[0]}"
	code=$?
	pids=()
}
stop
if [ $code = 0 ]; then ok "it stops cleanly"; else not_ok "it stops cleanly" "exit $code"; fi

# Label sets that request all of the memory limit, and twenty reloads that each add a function.
workload=$PWD/build/workload
configuration() { # configuration ADDITIONS
	echo "probes:"
	echo "- {user: {object: $workload, functions: workload_function}, labels: [comm], max_series: 100000}"
	for i in $(seq "$1"); do
		printf -- '- {user: {object: %s, functions: bench_many_%04d}}\n' "$many" "$i"
	done
}
configuration 0 > "$temp/config.yml"
"$exporter" --memory.limit=96MiB --web.listen-address="127.0.0.1:$port" --web.enable-lifecycle --config.file="$temp/config.yml" \
	> "$temp/additions.log" 2>&1 &
pids+=($!)
wait_for 60 ready || give_up "start with label sets" "it does not answer"
"$workload" user-function 2 100 7 > /dev/null
for added in $(seq 20); do
	configuration "$added" > "$temp/config.yml"
	curl -s -m 60 -o "$temp/answer" -X POST "http://127.0.0.1:$port/-/reload"
done
curl -s -m 60 -o "$temp/metrics" "http://127.0.0.1:$port/metrics"
attached=$(grep -c '^retprobe_probe_attached{.*} 1$' "$temp/metrics")
if [ "$attached" = 21 ]; then ok "twenty additions"; else
	not_ok "twenty additions" "$attached of 21 probes are attached; $(tail -n 3 "$temp/additions.log")"; fi
if grep -q '^retprobe_duration_seconds_count{.*function="workload_function",comm="workload"} 100$' "$temp/metrics"; then
	ok "what was there keeps its counts"
else
	not_ok "what was there keeps its counts" \
		"$(grep '^retprobe_duration_seconds_count.*workload_function' "$temp/metrics")"
fi
sed -i 's/max_series: 100000/&, description: worker, expected: -7/' "$temp/config.yml"
curl -s -m 60 -o "$temp/answer" -X POST "http://127.0.0.1:$port/-/reload"
curl -s -m 60 -o "$temp/noted" "http://127.0.0.1:$port/metrics"
if grep -q '^retprobe_probe_info{.*function="workload_function",.*description="worker",expected="-7"} 1$' "$temp/noted" &&
	grep -q '^retprobe_duration_seconds_count{.*function="workload_function",comm="workload"} 100$' "$temp/noted"; then
	ok "a new description leaves the counts"
else
	not_ok "a new description leaves the counts" "$(grep 'workload_function' "$temp/noted")"
fi
curl -s -m 60 -o "$temp/history" "http://127.0.0.1:$port/api/v1/history"
if python3 - "$temp/history" <<-'END'
	import json, sys
	records = json.load(open(sys.argv[1]))["records"]
	calls = [p["calls"] for r in records for p in r["probes"] if p["function"] == "workload_function"]
	sys.exit(calls != [100, 100])
END
then
	ok "a reload keeps the history"
else
	not_ok "a reload keeps the history" "$(head -c 1000 "$temp/history")"
fi
limit=$(sed -n 's/^retprobe_label_sets_limit{.*} //p' "$temp/metrics")
if [ "$limit" -gt 1000 ] && [ "$limit" -lt 100000 ] &&
	grep -q 'has room for [0-9]* of the 100000 label sets' "$temp/additions.log"; then
	ok "label sets that there is no memory for are not promised"
else
	not_ok "label sets that there is no memory for are not promised" "a limit of $limit; $(head -n 2 "$temp/additions.log")"
fi
stop
exit $failed
