#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The exporter, natively: reloads turn nobody away, by user functions that nobody calls.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=reload
. tests/e2e/lib.sh

many=$PWD/build/bench_many
read -r port < <(free_ports 1)

ready() {
	curl -s -m 10 -o "$temp/ready" "http://127.0.0.1:$port/-/healthy"
}

echo "probes: [{functions: \"$many:bench_many_000*\"}]" > "$temp/config.yml"
"$exporter" --web.listen-address="127.0.0.1:$port" --web.enable-lifecycle --config.file="$temp/config.yml" \
	> "$temp/exporter.log" 2>&1 &
pids+=($!)
wait_for 60 ready || give_up "start" "it does not answer"
timeout 300 python3 -B tests/e2e/reload_clients.py "$port" "$temp/config.yml" "$many:bench_many_001*" \
	"$many:bench_many_000*" || failed=1
if grep -q 'ended with requests that it had not answered' "$temp/exporter.log"; then
	ok "the log tells of servers that had to go"
else
	not_ok "the log tells of servers that had to go" "$(tail -n 3 "$temp/exporter.log")"
fi
kill -TERM "${pids[0]}"
wait "${pids[0]}"
code=$?
pids=()
if [ $code = 0 ]; then ok "it stops cleanly"; else not_ok "it stops cleanly" "exit $code"; fi
exit $failed
