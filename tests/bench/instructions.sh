#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest that counts instructions: the cost of a call of getpgid(2). Measures it without a probe, with
# an empty pair of programs, with the exporter, and with other tools. For the exporter and the empty pair,
# also with 999 more functions attached. Each is also asked how many calls it counted.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

start_limit=400 # seconds of guest time; kretprobes are slow to attach
loop=getpgid

# measure_calls NAME NOTE COUNTED...: COUNTED is a command that prints the number of calls counted since it
# was attached.
measure_calls() {
	local name=$1 note=$2 ns calls counted
	shift 2
	read -r ns calls < <(build/bench_calls "$loop")
	[ $# -eq 0 ] || counted=$("$@")
	[ "${counted:-$calls}" -ge "$calls" ] ||
		note="${note:+$note; }counted only $counted of $calls calls"
	figure "$name" "$ns" "$note"
}

# ---- the exporter and the empty pairs ------------------------------------------------------------

returns() { # returns OBJECT FUNCTION
	metric "retprobe_returns_total[{]object=\"$1\",function=\"$2\"[,}]"
}

# exporter_with NAME OBJECT FUNCTION ARGUMENTS...: without OBJECT, FUNCTION is not called.
exporter_with() {
	local name=$1 object=$2 counted=$3 chosen attached
	shift 3
	if ! start_exporter $start_limit "$@"; then
		figure "$name" - "$why"
		return
	fi
	chosen=$(curl -sf "$url/metrics" |
		sed -n "s/^retprobe_probe_info{.*function=\"$counted\",mechanism=\"\([^\"]*\)\".*/\1/p")
	attached=$(metric 'retprobe_probe_attached[{]')
	if [ -n "$object" ]; then
		measure_calls "$name" '' returns "$object" "$counted"
	else
		measure_calls "$name" ''
	fi
	figure "$name/mechanism" "$chosen"
	figure "$name/attached" "$attached"
	stop TERM
}

empty_with() { # empty_with NAME MECHANISM FUNCTIONS
	if ! start_empty $start_limit "$2" "$3"; then
		figure "$1" - "$why"
		return
	fi
	measure_calls "$1" ''
	figure "$1/attached" "$attached"
	stop KILL
}

mechanisms() {
	local m
	for m in $mechanisms; do
		empty_with "empty/$m/1" "$m" "$function"
		if has_mechanism "$m"; then
			exporter_with "ours/$m/1" vmlinux "$function" --mechanism="$m" "$function"
		else
			figure "ours/$m/1" - "$why"
		fi
	done
	auto_with 1 "$function"
}

# The choice of `auto` costs the same as when it is forced, if that has been measured.
auto_with() { # auto_with COUNT ARGUMENTS...
	local count=$1 chosen
	shift
	chosen=$($exporter --config.check "$@" 2>/dev/null | awk -v f="$function" '$2 == f { print $3 }')
	if ! grep -q "^ours/$chosen/$count	[0-9]" "$RESULTS/figures"; then
		exporter_with "ours/auto/$count" vmlinux "$function" "$@"
		return
	fi
	sed -n "s|^ours/$chosen/$count\(/[a-z]*\)\{0,1\}	|ours/auto/$count\1	|p" "$RESULTS/figures" \
		>"$scratch/auto"
	cat "$scratch/auto" >>"$RESULTS/figures"
}

# COUNT functions in one link, or as many as there are: getpgid's among others that are not called.
many() {
	local n m
	for n in 100 1000 10000; do
		{
			other_functions $((n - 1))
			echo "$function"
		} >"$scratch/$n"
		write_config "$scratch/$n.yaml" <"$scratch/$n"
		for m in fsession.multi kprobe.session kprobe.multi; do
			if has_mechanism "$m"; then
				empty_with "empty/$m/$n" "$m" "@$scratch/$n"
				exporter_with "ours/$m/$n" vmlinux "$function" --mechanism="$m" \
					--config.file="$scratch/$n.yaml"
			else
				figure "ours/$m/$n" - "$why"
			fi
		done
	done
	# Without multi links, these are kretprobes: each has its own program and breakpoint, and attaches
	# slowly.
	auto_with 1000 --config.file="$scratch/1000.yaml"
}

syscalls() {
	empty_with empty/tracepoint/1 tracepoint raw_syscalls
	exporter_with ours/tracepoint/1 syscall getpgid --mechanism=tracepoint syscall:getpgid
	exporter_with ours/tracepoint-other/1 '' getppid --mechanism=tracepoint syscall:getppid
	exporter_with ours/functions/1 syscall getpgid syscall:getpgid
	exporter_with ours/functions-other/1 '' getppid syscall:getppid
	loop=getpgid-filtered
	measure_calls filtered/unprobed ''
	exporter_with filtered/ours/tracepoint-other/1 '' getppid --mechanism=tracepoint syscall:getppid
	exporter_with filtered/ours/functions-other/1 '' getppid syscall:getppid
	loop=getpgid
}

# ---- labels and filters --------------------------------------------------------------------------

with_settings() { # with_settings NAME FUNCTION OBJECT SETTINGS: as exporter_with
	printf 'probes:\n  - {functions: %s, %s}\n' "$2" "$4" >"$scratch/settings.yaml"
	exporter_with "$1" "$3" "$2" --config.file="$scratch/settings.yaml"
}

labels() {
	with_settings ours/comm/1 "$function" vmlinux 'labels: [comm]'
	with_settings ours/cgroup/1 "$function" vmlinux 'labels: [cgroup]'
	with_settings ours/caller/1 "$function" vmlinux 'labels: [caller]'
	with_settings ours/callers/1 "$function" vmlinux 'labels: [caller, "caller[2]"]'
	with_settings ours/off-cpu/1 "$function" vmlinux 'split: cpu'
	with_settings ours/counters/1 "$function" vmlinux 'counters: [page-faults, context-switches]'
	with_settings ours/clock/1 "$function" vmlinux 'counters: [cpu-clock]'
	with_settings ours/filter/1 "$function" '' 'filter: "comm == nobody"'
	# A function with a pointer argument: the process group of another process.
	loop=getpgid-other
	measure_calls other/unprobed ''
	exporter_with other/ours/plain/1 vmlinux security_task_getpgid security_task_getpgid
	with_settings other/ours/expression/1 security_task_getpgid vmlinux \
		'labels: [{uts: "p->nsproxy->uts_ns->ns.inum"}]'
	loop=getpgid
	switches
}

# Two task switches of processes that do not call the function.
switches() {
	tool pattern/offcpu pattern_count build/bench_pattern offcpu "$function"
	loop=switch
	measure_calls switch/unprobed ''
	printf 'probes:\n  - {functions: %s, split: cpu}\n' "$function" >"$scratch/settings.yaml"
	exporter_with switch/ours/off-cpu/1 '' "$function" --config.file="$scratch/settings.yaml"
	tool switch/pattern/offcpu any_count build/bench_pattern offcpu "$function"
	loop=getpgid
}

any_count() {
	echo $((1 << 62))
}

# ---- samples -------------------------------------------------------------------------------------

# What each call pays, although none is sampled.
samples() {
	with_settings ours/sample/1 "$function" vmlinux 'sample: {when: "duration > 10s"}'
	with_settings ours/show/1 "$function" vmlinux 'sample: {when: "duration > 10s", show: {pid: pid}}'
}

# ---- without durations ---------------------------------------------------------------------------

counts() {
	local m
	for m in fexit kprobe.multi kretprobe; do
		empty_with "empty/$m.return/1" "-r $m" "$function"
		if has_mechanism "$m"; then
			with_settings "ours/$m.count/1" "$function" vmlinux "mechanism: $m, durations: off"
			with_settings "ours/$m.count.comm/1" "$function" vmlinux \
				"mechanism: $m, durations: off, labels: [comm]"
		else
			figure "ours/$m.count/1" - "$why"
		fi
	done
	empty_with empty/tracepoint.return/1 "-r tracepoint" raw_syscalls
	printf 'probes:\n  - {syscalls: getpgid, durations: off, mechanism: tracepoint}\n' >"$scratch/settings.yaml"
	exporter_with ours/tracepoint.count/1 syscall getpgid --config.file="$scratch/settings.yaml"
}

# ---- other tools -------------------------------------------------------------------------------

# libbpf-tools and bpftrace do not say when they are attached. The kernel does.
wait_attached() {
	local until=$(($(microseconds) + start_limit * 1000000))
	until grep -q "^$function " /sys/kernel/tracing/enabled_functions; do
		kill -0 $pid 2>/dev/null && [ "$(microseconds)" -lt $until ] || return 1
		nap 0.2
	done
	nap 1 # the other half of the pair
	by=fentry+fexit
	! grep -q " $function+" /sys/kernel/debug/kprobes/list || by=kprobe+kretprobe
}

funclatency_count() {
	awk '$2 == "->" { sum += $5 } END { printf "%.0f\n", sum }' "$scratch/out"
}

bpftrace_count() {
	awk '/^@r\[/ { sum += $2 } END { printf "%.0f\n", sum }' "$scratch/out"
}

# For uprobes, the kernel tells the owner. A pair ends with the uretprobe.
wait_user_attached() {
	local until=$(($(microseconds) + start_limit * 1000000))
	until bpftool perf show 2>/dev/null | grep -q "^pid $pid .*$last_uprobe"; do
		kill -0 $pid 2>/dev/null && [ "$(microseconds)" -lt $until ] || return 1
		nap 1
	done
	nap 1
	by=uprobe
	[ $last_uprobe = uprobe ] || by+=+uretprobe
}

# They only print their counts at the end.
tool() { # tool NAME COUNT COMMAND...
	local name=$1 count=$2 ns calls note counted wait=wait_attached
	shift 2
	[[ $name != user/* && $name != usdt/* ]] || wait=wait_user_attached
	[[ $name != point/* && $name != raw/* ]] || wait=wait_points_attached
	if [ -z "$(command -v "$1")" ]; then
		figure "$name" - 'not installed'
		return
	fi
	"$@" >"$scratch/out" 2>"$scratch/log" &
	pid=$!
	if ! $wait; then
		stop KILL
		figure "$name" - "$(complaint "$scratch/log")"
		return
	fi
	read -r ns calls < <(build/bench_calls "$loop")
	stop INT
	counted=$($count)
	note="by $by"
	[ "$counted" -ge "$calls" ] || note="$note; counted only $counted of $calls calls"
	figure "$name" "$ns" "$note"
}

script() { # script ENTRY RETURN [FUNCTION]
	echo "$1:${3:-$function} { @s[tid] = nsecs }" \
		"$2:${3:-$function} /@s[tid]/ { @h = hist(nsecs - @s[tid]); @r[retval] = count(); delete(@s[tid]) }"
}

tools() {
	PATH=$PATH:/usr/sbin:/usr/share/bcc/tools
	tool funclatency funclatency_count funclatency "$function"
	tool bpftrace/kprobe bpftrace_count bpftrace -e "$(script kprobe kretprobe)"
	tool bpftrace/kfunc bpftrace_count bpftrace -e "$(script kfunc kretfunc)"
}

pattern_count() {
	tail -n 1 "$scratch/out"
}

# Exporters whose programs cannot be installed: imitations, see patterns.bpf.c.
patterns() {
	local pattern
	for pattern in exporter netdata_time netdata_calls; do
		tool "pattern/$pattern" pattern_count build/bench_pattern $pattern "$function"
	done
}

# ---- points and spans ---------------------------------------------------------------------------

with_points() { # with_points NAME METRIC YAML: METRIC counts the calls
	echo "$3" >"$scratch/points.yaml"
	if start_exporter $start_limit --config.file="$scratch/points.yaml"; then
		measure_calls "$1" '' metric "$2[{]"
		stop TERM
	else
		figure "$1" - "$why"
	fi
}

# bpftrace does not say when it is attached. The kernel knows whose programs a tracepoint has.
wait_points_attached() {
	local until=$(($(microseconds) + start_limit * 1000000))
	until bpftool perf show 2>/dev/null | grep "^pid $pid " | grep -q "$last_point"; do
		kill -0 "$pid" 2>/dev/null && [ "$(microseconds)" -lt $until ] || return 1
		nap 1
	done
	nap 1
	by=tracepoint
}

points_count() { # of @n and @n[...]: a number; of @h and @h[...]: rows of buckets
	awk '/^@/ && $NF ~ /^[0-9]+$/ { sum += $NF } /^\[/ { sum += $3 } END { printf "%.0f\n", sum }' "$scratch/out"
}

points() {
	loop=signal last_point=signal_generate
	PATH=$PATH:/usr/sbin
	measure_calls point/unprobed ''
	points_by point tracepoint signal: ''
	points_by raw raw_tracepoint '' raw_
	bpftrace_points
	loop=getpgid
}

points_by() { # points_by GROUP KEY SUBSYSTEM PATTERN
	local begin="begin: {$2: $3signal_generate, key: tid}" end="end: {$2: $3signal_deliver, key: tid}"
	local at="$2s: [\"$3signal_generate\"]"
	with_points "$1/ours/plain" retprobe_events_total "probes: [{$at}]"
	with_points "$1/ours/comm" retprobe_events_total "probes: [{$at, labels: [comm]}]"
	with_points "$1/ours/span" retprobe_span_seconds_count "spans: [{name: x, $begin, $end}]"
	with_points "$1/ours/span-comm" retprobe_span_seconds_count "spans: [{name: x, $begin, $end, labels: [comm]}]"
	last_point=signal_generate
	tool "$1/pattern/plain" pattern_count build/bench_pattern "${4}point" -
	last_point=signal_deliver
	tool "$1/pattern/span" pattern_count build/bench_pattern "${4}span" -
}

# That of Debian 12 cannot attach to raw tracepoints.
bpftrace_points() {
	local begin=tracepoint:signal:signal_generate end=tracepoint:signal:signal_deliver
	last_point=signal_generate
	tool point/bpftrace/plain points_count bpftrace -e "$begin { @n = count() }"
	tool point/bpftrace/comm points_count bpftrace -e "$begin { @n[comm] = count() }"
	last_point=signal_deliver
	tool point/bpftrace/span points_count bpftrace -e \
		"$begin { @s[tid] = nsecs } $end /@s[tid]/ { @h = hist(nsecs - @s[tid]); delete(@s[tid]) }"
	tool point/bpftrace/span-comm points_count bpftrace -e \
		"$begin { @s[tid] = nsecs } $end /@s[tid]/ { @h[comm] = hist(nsecs - @s[tid]); delete(@s[tid]) }"
}

# ---- user functions -----------------------------------------------------------------------------

users() {
	local m place
	PATH=$PATH:/usr/sbin
	loop=function
	place=$user_object:$(build/bench_calls offset)
	measure_calls user/unprobed ''
	for m in $user_mechanisms; do
		empty_with "user/empty/$m/1" "$m" "$place"
		if has_mechanism "$m" "$user_object:$user_function"; then
			exporter_with "user/ours/$m/1" "$user_object" "$user_function" \
				--mechanism="$m" "$user_object:$user_function"
		else
			figure "user/ours/$m/1" - "$why"
		fi
	done
	last_uprobe=uretprobe
	tool user/bpftrace/1 bpftrace_count bpftrace -e \
		"$(script uprobe uretprobe "$user_object:$user_function")"
	# Events: entries of the function, and a USDT probe.
	last_uprobe=uprobe
	user_events user "entries: \"$user_object:$user_function\"" "uprobe:$user_object:$user_function"
	# Calls whose label set finds no room, each with another value; and the same with one value.
	with_points user/ours/no-room retprobe_events_total \
		"probes: [{entries: \"$user_object:$user_function\", labels: [{n: arg0}], max_series: 1}]"
	with_points user/ours/room retprobe_events_total \
		"probes: [{entries: \"$user_object:$user_function\", labels: [{n: arg0 >> 63}], max_series: 1}]"
	loop=usdt
	measure_calls usdt/unprobed ''
	user_events usdt "usdt: \"$user_object:bench:point\"" "usdt:$user_object:bench:point"
	loop=getpgid
}

user_events() { # user_events PREFIX OURS BPFTRACE
	with_points "$1/ours/plain" retprobe_events_total "probes: [{$2}]"
	with_points "$1/ours/comm" retprobe_events_total "probes: [{$2, labels: [comm]}]"
	with_points "$1/ours/argument" retprobe_events_total "probes: [{$2, filter: arg0 >= 0, observe: {n: arg0}}]"
	tool "$1/bpftrace/plain" points_count bpftrace -e "$3 { @n = count() }"
	tool "$1/bpftrace/comm" points_count bpftrace -e "$3 { @n[comm] = count() }"
	tool "$1/bpftrace/argument" points_count bpftrace -e "$3 /arg0 >= 0/ { @n = count(); @s = sum(arg0) }"
}

has_rows() { # has_rows GROUP
	case ,$BENCH_ROWS, in
	*,"$1",*) ;;
	*) return 1 ;;
	esac
}

figure kernel "$(uname -r)"
figure cpus "$(nproc)"
measure_calls unprobed ''
for group in mechanisms syscalls labels samples counts tools patterns points users many; do
	! has_rows $group || $group
done
measure_calls unprobed/again ''
