#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The functions that call a user function: in its own program and in the C library, by each mechanism.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=callers
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP callers: attaching needs root"
	exit 0
fi
mechanisms=(uprobe.session uprobe.multi uretprobe uprobe.ret)
plan ${#mechanisms[@]}
gcc -O1 -o "$temp/known" tests/e2e/callers/known.c >"$temp/known.log" 2>&1 || give_up known "it cannot be built"

start_exporter() { # start_exporter ARGS...: sets pid and url; fails if this kernel lacks the forced mechanism
	if ! launch "$temp/exporter.log" "$@" || ! wait_ready 60; then
		grep -q 'is not available' "$temp/exporter.log" && return 1
		give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"
	fi
}

# CALLER CALLS, sorted.
counts() {
	get '/metrics?function[]=leaf' "$temp/metrics" &&
		sed -n 's/^retprobe_duration_seconds_count{.*caller="\([^"]*\)"} \([1-9].*\)/\1 \2/p' "$temp/metrics" |
		LC_ALL=C sort | paste -s -d ' '
}

expected="known:first 300 known:second 200 libc.so.6:bsearch 50"
are_right() {
	got=$(counts)
	[ "$got" = "$expected" ]
}

for mechanism in "${mechanisms[@]}"; do
	if ! start_exporter --mechanism="$mechanism" --label=caller "$temp/known:leaf"; then
		skip 1 "$mechanism" "this kernel does not have it"
		continue
	fi
	exec {input}> >(exec "$temp/known" >"$temp/known.out")
	wait_for 10 are_right && ok "$mechanism" || not_ok "$mechanism" "$got, not $expected"
	exec {input}>&-
	stop_exporter
done
