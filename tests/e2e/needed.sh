#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How many label sets a probe would need: known numbers of keys, beside what the exporter says.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=needed
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

plan 11
if [ "$(id -u)" -ne 0 ]; then
	skip 11 all "attaching needs root"
	exit 0
fi
gcc -O1 -o "$temp/distinct" tests/e2e/needed/distinct.c > "$temp/distinct.log" 2>&1 || give_up distinct "it cannot be built"

# Of the same calls: the first sets stay, the largest stay, and text.
cat > "$temp/config.yaml" <<END
defaults: {max_rate: 0}
probes:
  - user: {object: $temp/distinct, functions: [serve]}
    probe: first
    labels: [{key: arg0}]
    max_series: 100
  - user: {object: $temp/distinct, functions: [serve]}
    probe: top
    labels: [{key: arg0}, comm]
    max_series: 100
    keep: top
  - user: {object: $temp/distinct, functions: [serve]}
    probe: few
    labels: [{key: "arg0 & 7"}]
    max_series: 100
END
if ! launch "$temp/exporter.log" --config.file="$temp/config.yaml" || ! wait_ready 60; then
	give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"
fi
mkfifo "$temp/in" "$temp/out"
"$temp/distinct" < "$temp/in" > "$temp/out" &
pids+=($!)
exec {input}> "$temp/in" {output}< "$temp/out"

call() { # call KEYS
	echo "$1" >&"$input"
	read -r -u "$output" -t 300 || give_up "the program" "it does not answer"
}

needed() { # needed PROBE
	get /metrics "$temp/metrics" && sed -n "s/^retprobe_label_sets_needed{.*probe=\"$1\".*} //p" "$temp/metrics"
}

# Within four standard errors of 1 / sqrt(1024).
is_about() { # is_about NUMBER EXPECTED
	[ $(($1 * 8)) -ge $(($2 * 7)) ] && [ $(($1 * 8)) -le $(($2 * 9)) ]
}

check() { # check NAME PROBE KEYS
	local n
	n=$(needed "$2")
	is_about "${n:-0}" "$3" && ok "$1" || not_ok "$1" "${n:-no number}, of $3"
}

call 100
n=$(needed first)
[ "$n" = 100 ] && ok "sets that have room are counted exactly" || not_ok "sets that have room are counted exactly" "${n:-no number}, of 100"
call 103
n=$(needed first)
[ "$n" = 103 ] && ok "few sets without room" || not_ok "few sets without room" "${n:-no number}, of 103"
for keys in 2000 200000; do
	for _ in 1 2 3; do
		call $keys
		sleep 1.2 # room is made meanwhile
		needed top > "$temp/before"
	done
	check "$keys keys, and the first 100 sets stay" first $keys
	check "$keys keys, and the largest sets stay" top $keys
done
n=$(needed few)
[ "$n" = 8 ] && ok "a probe that is not full needs what it has" || not_ok "a probe that is not full needs what it has" "${n:-no number}, of 8"

get /api/v1/probes "$temp/probes.json"
api=$(python3 -c '
import json, sys
print(*[p["label_sets_needed"] for p in json.load(open(sys.argv[1]))["probes"] if p["probe"] == "first"])' "$temp/probes.json")
is_about "${api:-0}" 200000 && ok "in the API" || not_ok "in the API" "${api:-no number}, of 200000"

# The log has two digits, ten seconds after the first set without room, whether or not the metrics are read.
logged() {
	said=$(sed -n 's/.*level=\([a-z]*\).*distinct:serve: about \([0-9]*\) label sets would be needed so far, and 100 are in use.*/\1 \2/p' \
		"$temp/exporter.log" | tail -n 1)
	[ -n "$said" ]
}
wait_for 40 logged && ok "in the log" || not_ok "in the log" "$(tail -n 3 "$temp/exporter.log")"
exec {input}>&-
stop_exporter

# With series_ttl, those of the last one or two periods.
cat > "$temp/config.yaml" <<END
probes:
  - user: {object: $temp/distinct, functions: [serve]}
    labels: [{key: arg0}]
    max_series: 100
    max_rate: 0
    series_ttl: 5s
END
launch "$temp/exporter.log" --config.file="$temp/config.yaml" && wait_ready 60 ||
	give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"
echo 5000 | "$temp/distinct" > "$temp/out.txt"
needed_now() {
	get /metrics "$temp/metrics" && sed -n 's/^retprobe_label_sets_needed{.*} //p' "$temp/metrics"
}
n=$(needed_now)
is_about "${n:-0}" 5000 && ok "with series_ttl, at first" || not_ok "with series_ttl, at first" "${n:-no number}, of 5000"
is_idle() {
	[ "$(needed_now)" = 0 ]
}
wait_for 40 is_idle && ok "with series_ttl, it is forgotten" || not_ok "with series_ttl, it is forgotten" "$(needed_now) after 40 s"
exit $failed
