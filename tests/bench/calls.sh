#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs on this machine, in real time: nanoseconds that a probe adds to a call, from rounds of without
# and with it in turns.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

rounds=${BENCH_ROUNDS:-15}
last_cpu=$(($(nproc) - 1))

calls() { # calls LOOP: nanoseconds a call, on a CPU that the exporter is not on when it can choose
	local ns
	read -r ns _ < <(taskset -c "$last_cpu" build/bench_calls "$1" 10000 50)
	echo "$ns"
}

paired() { # paired NAME LOOP ARGUMENTS...
	local name=native/$1 loop=$2 off='' on='' i
	shift 2
	for ((i = 0; i < rounds; i++)); do
		off="$off $(calls "$loop")"
		if ! start_exporter 60 "$@"; then
			figure "$name" - "$why"
			return
		fi
		on="$on $(calls "$loop")"
		stop TERM
	done
	figure "$name/off" "${off# }"
	figure "$name" "${on# }"
}

figure kernel "$(uname -r)"
figure cpus "$(nproc)"
paired tracepoint getpgid syscall:getpgid
paired tracepoint-other getpgid syscall:getppid
paired uretprobe function "$PWD/build/bench_calls:bench_function"
for m in $mechanisms; do
	if has_mechanism "$m"; then
		paired "$m" getpgid --mechanism="$m" "$function"
	else
		figure "native/$m" - "$why"
	fi
done
