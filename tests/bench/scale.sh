#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest (in guest time): time and memory to attach 1 to 10,000 functions with each mechanism.
# BENCH_MECHANISMS has the forced mechanisms besides the automatic choice, and BENCH_COUNTS the numbers of functions.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

patience=${BENCH_PATIENCE:-60} # seconds for one start

# Kilobytes in use, without what can be read again from a disk.
used_memory() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemTotal/ { total = $2 } /^(MemFree|Cached|Buffers)/ { total -= $2 } END { print total }' \
		/proc/meminfo
}

measure_start() { # measure_start NAME ARGUMENTS...
	local name=$1 begin ready before after
	shift
	before=$(used_memory)
	begin=$(microseconds)
	if ! start_exporter "$patience" "$@"; then
		figure "$name/start" - "$why"
		return 1
	fi
	ready=$(microseconds)
	figure "$name/start" $(((ready - begin) / 1000))
	after=$(used_memory)
	figure "$name/memory" $((after - before))
	figure "$name/rss" "$(ps -o rss= --pid "$pid" --ppid "$pid" | awk '{ sum += $1 } END { print sum }')"
	figure "$name/cells" "$(metric retprobe_exporter_cell_bytes)"
	figure "$name/attached" "$(metric 'retprobe_probe_attached[{]')"
	begin=$(microseconds)
	stop TERM
	took=$(($(microseconds) - begin))
	figure "$name/stop" $((took / 1000))
	took=$((took + ready - begin))
}

one_mechanism() { # one_mechanism NAME ARGUMENTS...
	local name=$1 n last=0 first=0 begin took
	shift
	for n in ${BENCH_COUNTS-1 100 1000 4000 10000}; do
		if [ $((last * n)) -gt $((patience * 1000000)) ]; then
			why="at $((last / 1000)) ms for each, this many would take more than $patience s: not run"
			figure "scale/$name/$n/start" - "$why"
			continue
		fi
		other_functions "$n" | write_config "$scratch/many.yaml"
		begin=$(microseconds)
		measure_start "scale/$name/$n" --config.file="$scratch/many.yaml" "$@" || break
		took=$(($(microseconds) - begin))
		[ "$n" -gt 1 ] || first=$took
		# Microseconds per additional function.
		[ "$n" -eq 1 ] || last=$((took > first ? (took - first) / (n - 1) : 0))
	done
}

figure kernel "$(uname -r)"
figure cpus "$(nproc)"
$exporter --probe.list >/dev/null 2>&1 # its files are cached now
one_mechanism auto
for m in ${BENCH_MECHANISMS-$mechanisms}; do
	if has_mechanism "$m"; then
		one_mechanism "$m" --mechanism="$m"
	else
		figure "scale/$m/1/start" - "$why"
	fi
done
