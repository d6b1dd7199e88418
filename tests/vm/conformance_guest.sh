#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest (or natively, with NATIVE=1): starts the exporter as it chooses by itself, and with
# each mechanism that the kernel has; makes exactly known calls under a scraper, and keeps a scrape from before and after each in $RESULTS.
# conformance_check.py holds them to what the workload says it did.
set -u
cd "$(dirname "$0")/../.." || exit 1
W=$PWD/build/workload
URL=http://127.0.0.1:10499
NATIVE=${NATIVE:-}

kernel_probes=('do_unlinkat|filename_unlinkat' bpf_map_copy_value __x64_sys_msgrcv
	__x64_sys_getpgid 'read_zero|read_iter_zero')
native_probes=(syscall:msgrcv)
other_probes=(syscall:getpgid "$W:workload_function" "$W:workload_recursion" no_such_function)

fail() {
	echo "not ok: $*"
	[ -f "$RESULTS/exporter.log" ] && tail -5 "$RESULTS/exporter.log"
	exit 1
}

start_exporter() { # start_exporter ARGS...
	build/retprobe_exporter --web.listen-address=127.0.0.1:10499 "$@" \
		>>"$RESULTS/exporter.log" 2>&1 &
	exporter=$!
	for _ in $(seq 300); do
		curl -sf -o /dev/null $URL/-/ready && return
		kill -0 $exporter 2>/dev/null || break
		sleep 0.1
	done
	fail "the exporter did not become ready with $*"
}

stop_exporter() {
	curl -sf $URL/api/v1/probes >"$RESULTS/$run.probes.json" || fail "/api/v1/probes"
	curl -sf $URL/metrics >"$RESULTS/$run.metrics" || fail "the last scrape"
	kill -TERM $exporter
	wait $exporter
	echo $? >"$RESULTS/$run.exit"
}

# A scrape every tenth of a second, as fast as Prometheus would never go.
scraper() {
	while :; do
		curl -sf -o /dev/null $URL/metrics || echo "scrape failed" >>"$RESULTS/scraper.log"
		sleep 0.1
	done
}

measure() { # measure NAME OPERATION THREADS CALLS [ARGUMENT]
	local name=$run.$1
	shift
	curl -sf $URL/metrics >"$RESULTS/$name.before" || fail "scrape before $name"
	scraper &
	local scraping=$!
	"$W" "$@" >"$RESULTS/$name.json" || fail "workload $*"
	kill $scraping
	wait $scraping 2>/dev/null
	# Of some losses the lower of two readings stands; at rest, this is the first.
	curl -sf -o /dev/null $URL/metrics
	curl -sf $URL/metrics >"$RESULTS/$name.after" || fail "scrape after $name"
}

kernel_measurements() {
	measure unlink-missing unlink-missing 4 10000
	measure unlink-existing unlink-existing 4 400
	measure getpgid-live getpgid-live 4 10000
	measure getpgid-dead getpgid-dead 4 10000
	measure read-1 read-zero 4 2000 1
	measure read-4096 read-zero 4 2000 4096
	measure sleepers msgrcv-sleep 100 300 300
}

user_measurements() {
	measure user-positive user-function 4 1000 7
	measure user-negative user-function 4 1000 -7
	measure user-zero user-function 4 1000 0
	measure user-recursion user-recursion 4 400
	[ $run = auto.percpu ] || measure user-deep user-deep 2 20
}

uname -r >"$RESULTS/kernel"
# What is chosen by itself, with cells of either kind.
for run in auto.mmap auto.percpu; do
	if [ -n "$NATIVE" ]; then
		start_exporter --cells=${run#*.} "${native_probes[@]}" "${other_probes[@]}"
	else
		start_exporter --cells=${run#*.} "${kernel_probes[@]}" "${other_probes[@]}"
	fi
	kernel_measurements
	user_measurements
	# Reading percpu cells is itself a call of the probed function.
	if [ -z "$NATIVE" ] && [ $run = auto.mmap ]; then
		measure map-hit map-lookup 2 2000 1
		measure map-miss map-lookup 2 2000 2
	fi
	stop_exporter
done
# Every mechanism that this kernel has, forced.
for mechanism in fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe; do
	[ -z "$NATIVE" ] || break
	build/retprobe_exporter --mechanism=$mechanism --config.check __x64_sys_getpgid \
		>"$RESULTS/check.log" 2>&1 || continue
	run=$mechanism.mmap
	start_exporter --mechanism=$mechanism "${kernel_probes[@]}" no_such_function
	kernel_measurements
	measure map-hit map-lookup 2 2000 1
	measure map-miss map-lookup 2 2000 2
	stop_exporter
	echo "$run" >>"$RESULTS/forced"
done
for mechanism in uprobe.session uprobe.multi uretprobe; do
	build/retprobe_exporter --mechanism=$mechanism --config.check "$W:workload_function" \
		>"$RESULTS/check.log" 2>&1 || continue
	run=$mechanism.mmap
	start_exporter --mechanism=$mechanism "$W:workload_function" "$W:workload_recursion" \
		no_such_function
	user_measurements
	stop_exporter
	echo "$run" >>"$RESULTS/forced"
done
[ -n "$NATIVE" ] || cat /sys/kernel/tracing/kprobe_events >"$RESULTS/leftovers"
exit 0
