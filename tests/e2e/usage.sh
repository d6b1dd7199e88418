#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the calls of a function take: time off the CPU, page faults and context switches, against what the calling
# thread says of itself. By each mechanism for user functions.
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
plan $((${#mechanisms[@]} * 4))

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

for mechanism in "${mechanisms[@]}"; do
	cat >"$temp/config.yaml" <<Y
defaults: {split: cpu, counters: [page-faults, context-switches], labels: [comm]}
probes:
  - {user: {object: $W, functions: workload_usage}, returns: long}
Y
	if ! start_exporter --mechanism="$mechanism" --config.file="$temp/config.yaml"; then
		skip 4 "$mechanism" "this kernel does not have it"
		continue
	fi
	check "$mechanism" sleep 20 workload_usage
	check "$mechanism" work 10 workload_usage
	check "$mechanism" move 10 workload_usage
	check "$mechanism" touch 50 workload_usage
	stop_exporter
	[ "$failed" -eq 0 ] || tail -n 3 "$temp/exporter.log"
done
