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

# Whether a time is within 1 % of the truth and a tenth of a millisecond per call, for what is around the function.
near() { # near SECONDS NANOSECONDS CALLS
	awk -v got="$1" -v truth="$2" -v calls="$3" 'BEGIN {
		off = got - truth / 1e9
		exit !(off < truth / 1e11 + calls * 1e-4 && -off < truth / 1e11 + calls * 1e-4)
	}'
}

# What the calls took, as the workload prints it.
field() { # field NAME
	sed -n "s/.*\"$1\": \([0-9-]*\).*/\1/p" "$temp/taken"
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
	elif ! near "$seconds" "$(field off_ns)" "$3"; then
		not_ok "$name" "$seconds s off the CPU, not $(field off_ns) ns"
	elif [ $(($(field faults) - faults)) -ne 0 ] && [ "$1 $(($(field faults) - faults))" != "uprobe.ret 1" ]; then
		# The first breakpoint of a process brings in the page where instructions are single-stepped.
		not_ok "$name" "$faults page faults, not $(field faults)"
	elif [ "$switches" -gt "$(field switches)" ] || [ $(($(field switches) - switches)) -gt "$3" ]; then
		not_ok "$name" "$switches context switches, not $(field switches)" # some are around the function
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
