#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs on this machine, in real time: nanoseconds that a probe adds to a call. Rounds with and without the
# probe alternate.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

rounds=${BENCH_ROUNDS:-15}
last_cpu=$(($(nproc) - 1))

calls() { # calls LOOP: nanoseconds per call, on a CPU without the exporter if possible
	local ns
	read -r ns _ < <(taskset -c "$last_cpu" build/bench_calls "$1" 10000 50)
	echo "$ns"
}

# paired NAME LOOP STARTER ARGUMENTS...: STARTER sets $pid, or the reason in $why
paired() {
	local name=$1 loop=$2 off='' on='' i
	shift 2
	for ((i = 0; i < rounds; i++)); do
		off="$off $(calls "$loop")"
		if ! "$@"; then
			figure "$name" - "$why"
			return
		fi
		on="$on $(calls "$loop")"
		stop TERM
	done
	figure "$name/off" "${off# }"
	figure "$name" "${on# }"
}

# both MECHANISM LOOP FUNCTION PROBE: the empty pair on FUNCTION, and ours
both() {
	paired "empty/$1" "$2" start_empty 60 "$1" "$3"
	if has_mechanism "$1" "$4"; then
		paired "ours/$1" "$2" start_exporter 60 --mechanism="$1" "$4"
	else
		figure "ours/$1" - "$why"
	fi
}

figure kernel "$(uname -r)"
figure cpus "$(nproc)"
both tracepoint getpgid raw_syscalls syscall:getpgid
paired ours/tracepoint-other getpgid start_exporter 60 syscall:getppid
for m in $user_mechanisms; do
	both "$m" function "$user_object:$(build/bench_calls offset)" "$user_object:$user_function"
done
for m in $mechanisms; do
	both "$m" getpgid "$function" "$function"
done
