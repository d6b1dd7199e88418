#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the calls of a function take: time off the CPU, page faults and context switches, against what the calling
# thread says of itself, and the CPU's clock. By each mechanism for user functions.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=usage
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
W=$PWD/build/workload

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP usage: attaching needs root"
	exit 0
fi
mechanisms=(uprobe.session uprobe.multi uretprobe uprobe.ret)
plan $((${#mechanisms[@]} * 6 + 2))

start_exporter() { # start_exporter ARGS...: sets pid and url; fails if this kernel lacks the forced mechanism
	if ! launch "$temp/exporter.log" "$@" || ! wait_ready 60; then
		grep -q 'is not available' "$temp/exporter.log" && return 1
		give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"
	fi
}

# The sum of a metric's series of a function with a label.
value() { # value METRIC FUNCTION LABEL
	awk -v metric="$1{" -v probe="function=\"$2\"" -v label="$3" \
		'index($0, metric) == 1 && index($0, probe) && index($0, label) { sum += $NF } END { print sum + 0 }' \
		"$temp/metrics"
}

# Whether a number is between the least and the most that the workload has seen, and 1 % more or less.
between() { # between NUMBER UNIT FIELD
	awk -v got="$1" -v unit="$2" -v least="$(field "least_$3")" -v most="$(field "most_$3")" \
		'BEGIN { exit !(got * unit >= least * 0.99 && got * unit <= most * 1.01) }'
}

# What the calls took, as the workload prints it.
field() { # field NAME
	sed -n "s/.*\"$1\": \([0-9-]*\).*/\1/p" "$temp/taken" | head -n 1
}

check() { # check MECHANISM KIND CALLS FUNCTION
	local seconds faults switches name="$1 $4: $2"
	ln -sf "$W" "$temp/$2"
	"$temp/$2" usage 1 "$3" "$2" >"$temp/taken" || give_up "$name" "the workload failed"
	get "/metrics?function[]=$4" "$temp/metrics" || give_up "$name" "no metrics"
	seconds=$(value retprobe_off_cpu_seconds_sum "$4" "comm=\"$2\"")
	faults=$(value retprobe_counter_total "$4" "comm=\"$2\",counter=\"page-faults\"")
	switches=$(value retprobe_counter_total "$4" "comm=\"$2\",counter=\"context-switches\"")
	if [ "$(value retprobe_off_cpu_seconds_count "$4" "comm=\"$2\"")" -lt "$3" ]; then
		not_ok "$name" "fewer than $3 calls"
	elif ! between "$seconds" 1000000000 off_ns; then
		not_ok "$name" "$seconds s off the CPU, not as in $(<"$temp/taken")"
	elif ! between "$faults" 1 faults; then
		not_ok "$name" "$faults page faults, not as in $(<"$temp/taken")"
	elif ! between "$switches" 1 switches; then
		not_ok "$name" "$switches context switches, not as in $(<"$temp/taken")"
	else
		ok "$name"
	fi
}

# Calls that leave the CPU are not in the counter, but their number is told. Others took at least half a millisecond
# each, and at most what the durations say.
clocks() { # clocks MECHANISM
	local switched clock seconds kind left=retprobe_uncounted_total
	cat >"$temp/config.yaml" <<Y
probes:
  - user: {object: $W, functions: workload_usage}
    returns: long
    counters: [cpu-clock, context-switches]
    labels: [comm]
Y
	start_exporter --mechanism="$1" --config.file="$temp/config.yaml" || give_up "$1" "it does not start again"
	for kind in burn:400 sleep:20; do
		ln -sf "$W" "$temp/${kind%:*}"
		"$temp/${kind%:*}" usage 1 "${kind#*:}" "${kind%:*}" >/dev/null || give_up "$1" "the workload failed"
	done
	get /metrics "$temp/metrics"
	switched=$(value $left workload_usage 'comm="burn",counter="cpu-clock",reason="switched"')
	clock=$(value retprobe_counter_total workload_usage 'comm="burn",counter="cpu-clock"')
	seconds=$(value retprobe_duration_seconds_sum workload_usage 'comm="burn"')
	awk -v n="$switched" -v ns="$clock" -v s="$seconds" -v unread="$(value $left workload_usage 'reason="unreadable"')" 'BEGIN {
		exit !(n < 400 && !unread && ns >= (400 - n) * 0.5e6 && ns <= 1.02 * (s * 1e9 - n * 0.5e6)) }' &&
		ok "$1: the CPU's clock" || not_ok "$1: the CPU's clock" "$clock ns, without $switched calls, of $seconds s"
	switched=$(value $left workload_usage 'comm="sleep",counter="cpu-clock",reason="switched"')
	clock=$(value retprobe_counter_total workload_usage 'comm="sleep",counter="cpu-clock"')
	[ "$switched $clock" = "20 0" ] && ok "$1: calls that leave the CPU" ||
		not_ok "$1: calls that leave the CPU" "$switched calls, and $clock ns"
	stop_exporter
}

for mechanism in "${mechanisms[@]}"; do
	cat >"$temp/config.yaml" <<Y
defaults: {split: cpu, counters: [page-faults, context-switches], labels: [comm]}
probes:
  - {user: {object: $W, functions: workload_usage}, returns: long}
Y
	if ! start_exporter --mechanism="$mechanism" --config.file="$temp/config.yaml"; then
		skip 6 "$mechanism" "this kernel does not have it"
		continue
	fi
	check "$mechanism" sleep 20 workload_usage
	check "$mechanism" work 10 workload_usage
	check "$mechanism" move 10 workload_usage
	check "$mechanism" touch 50 workload_usage
	stop_exporter
	clocks "$mechanism"
	[ "$failed" -eq 0 ] || tail -n 3 "$temp/exporter.log"
done

# Of the processor, if this one has it.
cat >"$temp/config.yaml" <<Y
probes:
  - {user: {object: $W, functions: workload_usage}, returns: long, counters: [cycles, instructions]}
Y
launch "$temp/exporter.log" --config.file="$temp/config.yaml" && wait_ready 60 || give_up cycles "the exporter does not start"
"$W" usage 1 10 work >/dev/null
get /metrics "$temp/metrics"
get /api/v1/probes "$temp/probes"
for counter in cycles instructions; do
	if grep -q "level=warn msg=\"counter $counter is unavailable, and probes have no series of it: the processor" "$temp/exporter.log"; then
		! grep -q "counter=\"$counter\"" "$temp/metrics" && grep -q "\"note\":\"[^\"]*counter $counter is unavailable" "$temp/probes" &&
			[ "$(value retprobe_duration_seconds_count workload_usage "")" = 10 ] &&
			ok "$counter: unavailable, and said to be" || not_ok "$counter: unavailable, and said to be" "$(head -c 300 "$temp/probes")"
	else
		[ "$(value retprobe_counter_total workload_usage "counter=\"$counter\"")" -gt 0 ] && ok "$counter" ||
			not_ok "$counter" "$(grep "$counter" "$temp/metrics")"
	fi
done
stop_exporter
