#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls whose entry or return a probe does not see: seccomp filters and tracers answer them, fork returns
# twice, or they began before the exporter started. Each is counted as what it is, and none is missed by
# mistake.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=calls
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
sources=$PWD/tests/e2e/calls

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP calls: attaching needs root"
	exit 0
fi
plan 34

build() { # build NAME GCC-OPTIONS...: $temp/NAME
	local name=$1
	shift
	gcc -O1 -pthread "$@" -o "$temp/$name" "$sources/$name.c" >"$temp/$name.log" 2>&1 ||
		give_up "$name" "it cannot be built"
}

start_exporter() { # start_exporter ARGS...: sets pid and url; fails if this kernel lacks the forced mechanism
	if ! launch "$temp/exporter.log" "$@" || ! wait_ready 60; then
		grep -q 'is not available' "$temp/exporter.log" && return 1 # the mechanism
		give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"
	fi
}

# The counts, durations and missed calls of a function since the exporter's start, sorted:
#	LABELS... OUTCOME VALUE CALLS; "timed" CALLS; "missed" REASON CALLS
counts() { # counts FUNCTION
	get "/metrics?function[]=$1" "$temp/metrics" && awk '
		!/^retprobe_(duration_seconds_count|missed_total|returns_total)\{/ || $NF == 0 { next }
		/^retprobe_duration/ { timed += $NF; next }
		{
			line = /^retprobe_missed/ ? "missed" : ""
			for (labels = $0; match(labels, /[a-z_0-9]+="[^"]*"/); labels = substr(labels, RSTART + RLENGTH)) {
				split(substr(labels, RSTART, RLENGTH), label, "\"")
				if (label[1] != "object=" && label[1] != "function=")
					line = line (line == "" ? "" : " ") label[2]
			}
			print line, $NF
		}
		END { if (timed) print "timed", timed }' "$temp/metrics" | LC_ALL=C sort | paste -s -d ';' | sed 's/;/; /g'
}

# expect NAME FUNCTION COUNTS: waits for these counts, and checks that they stay
expect() {
	local got
	are_right() {
		got=$(counts "$2")
		[ "$got" = "$3" ]
	}
	wait_for 5 are_right "$@" && sleep 0.2 && are_right "$@" && ok "$1" || not_ok "$1" "$got, not $3"
}

run() { # run PROGRAM ARGS...: fails if this machine lacks it
	local program=$temp/$1 status
	shift
	"$program" "$@" >"$temp/run.log" 2>&1
	status=$?
	[ $status -eq 0 ] || [ $status -eq 77 ] || not_ok "$*" "it does not work as without a probe: $status"
	return $status
}

# ---- not answered by the kernel ------------------------------------------------------------------
build answered
start_exporter syscall:sched_rr_get_interval syscall:clone
# fork() of the C library makes this call. Other programs make it, too.
before=$(counts clone)
run answered errno && expect "a filter's errno is counted" sched_rr_get_interval "error EPERM 100"
[ "$(counts clone | grep -c missed)" = 0 ] && ok "children of clone are no missed calls" ||
	not_ok "children of clone are no missed calls" "$before; $(counts clone)"
stop_exporter
start_exporter syscall:sched_rr_get_interval
run answered trap && expect "a filter's signal has no result" sched_rr_get_interval "missed trapped 50"
stop_exporter
start_exporter syscall:sched_rr_get_interval
run answered notify && expect "a supervisor's answer is counted" sched_rr_get_interval "ok positive 30"
stop_exporter
start_exporter syscall:sched_rr_get_interval
if run answered tracer; then
	expect "a tracer's answer is counted" sched_rr_get_interval "ok positive 20"
else
	skip 1 "a tracer's answer is counted" "the tracer is for x86-64"
fi
stop_exporter

cat >"$temp/labels.yml" <<'END'
probes:
  - syscalls: sched_rr_get_interval
    labels: [comm, {wanted: "arg0"}]
    filter: ["arg0 == 5"]
END
start_exporter --config.file="$temp/labels.yml"
run answered errno && expect "it has its labels" sched_rr_get_interval "answered 5 error EPERM 100"
stop_exporter
sed -i 's/arg0 == 5/arg0 == 6/' "$temp/labels.yml"
start_exporter --config.file="$temp/labels.yml"
run answered errno && expect "filters are for it, too" sched_rr_get_interval ""
stop_exporter
sed -i 's/arg0 == 6/duration > 1ns/' "$temp/labels.yml"
start_exporter --config.file="$temp/labels.yml"
run answered errno && expect "a duration that is not known matches no filter" sched_rr_get_interval ""
stop_exporter

# The same without durations, where nothing is known about entries.
cat >"$temp/counts.yml" <<'END'
probes:
  - {syscalls: sched_rr_get_interval, durations: off}
  - {syscalls: clone, durations: off, labels: [comm], filter: comm == answered}
  - {syscalls: msgrcv, durations: off}
END
start_exporter --config.file="$temp/counts.yml"
run answered errno && expect "durations off: a filter's errno is counted" sched_rr_get_interval "error EPERM 100"
run answered notify &&
	expect "durations off: a supervisor's answer is counted" sched_rr_get_interval "error EPERM 100; ok positive 30"
run answered trap && expect "durations off: a filter's signal has no result" sched_rr_get_interval \
	"error EPERM 100; missed trapped 50; ok positive 30"
expect "durations off: a clone's child makes no call" clone "answered ok positive 10"
mkfifo "$temp/counted"
"$temp/answered" held <"$temp/counted" >"$temp/held" 2>&1 &
held=$!
exec 9>"$temp/counted"
wait_for 10 grep -q held "$temp/held" || give_up "held" "it does not begin"
echo >&9
exec 9>&-
wait $held || not_ok "held" "it does not work as without a probe"
expect "durations off: every return is counted" msgrcv "error ENOMSG 5; ok positive 1"
stop_exporter

# ---- begun before the exporter's start -----------------------------------------------------------
mkfifo "$temp/go"
"$temp/answered" held <"$temp/go" >"$temp/held" 2>&1 &
held=$!
exec 9>"$temp/go"
wait_for 10 grep -q held "$temp/held" || give_up "held" "it does not begin"
start_exporter syscall:msgrcv
echo >&9
exec 9>&-
wait $held || not_ok "held" "it does not work as without a probe"
expect "a filtered program's call that had begun before is none" msgrcv "error ENOMSG 5; timed 5"
stop_exporter

# ---- text that is not in memory yet --------------------------------------------------------------
build cold
cat >"$temp/cold.yml" <<'END'
probes:
  - syscalls: chdir
    filter: ["comm == cold", "str(arg0) == /nowhere"]
END
start_exporter --config.file="$temp/cold.yml"
run cold && expect "a filter reads text at the return" chdir "error ENOENT 10; timed 10"
stop_exporter
for filter in 'str(arg0) in [/no*, /elsewhere] || str(arg0) == /other' 'str(arg0) == /elsewhere || filename in [/other, /nowhere]'; do
	cat >"$temp/cold.yml" <<-END
		probes:
		  - syscalls: chdir
		    filter: ["comm in [cold, other]", "$filter"]
	END
	start_exporter --config.file="$temp/cold.yml"
	run cold && expect "one of several texts is read at the return: $filter" chdir "error ENOENT 10; timed 10"
	stop_exporter
done
cat >"$temp/cold.yml" <<'END'
probes:
  - syscalls: chdir
    filter: ["comm == cold", "str(arg0) == /nowhere"]
END
sed -i 's/==\( .nowhere\)/!=\1/' "$temp/cold.yml"
start_exporter --config.file="$temp/cold.yml"
run cold && expect "what cannot be read then matches no filter" chdir ""
stop_exporter
cat >"$temp/cold.yml" <<'END'
probes:
  - syscalls: chdir
    labels: [{path: "str(arg0)"}]
    filter: ["comm == cold"]
END
start_exporter --config.file="$temp/cold.yml"
run cold && expect "a label reads text at the return" chdir "/nowhere error ENOENT 10; ? error EFAULT 10; timed 20"
stop_exporter
# ---- names of arguments and results ------------------------------------------------------------------------------
cat >"$temp/names.yml" <<'END'
probes:
  - syscalls: kill
    labels: [{signal: signal(sig)}, {by: user(uid)}]
    filter: ["comm == signalle*", "sig in [SIGCONT, SIGURG] || sig == SIGRTMIN"]
  - syscalls: chdir
    filter: ["comm == signaller", "value in [ENOENT, ENOTDIR] || ret == -EACCES || duration > 1h"]
  - syscalls: connect
    labels: [{family: "family(cast(uservaddr, struct sockaddr)->sa_family)"}, {to: "ip(cast(uservaddr, struct sockaddr_in)->sin_addr)"},
      {port: "ntohs(cast(uservaddr, struct sockaddr_in)->sin_port)"}, {high: fd & 0xff00}]
    filter: [comm == signaller, "family(cast(uservaddr, struct sockaddr)->sa_family) == AF_INET"]
END
ln -s "$(command -v bash)" "$temp/signaller"
start_exporter --config.file="$temp/names.yml"
"$temp/signaller" -c 'trap "" URG RTMIN WINCH; for i in 1 2 3; do kill -CONT $$; kill -URG $$; kill -RTMIN $$; kill -WINCH $$; kill -0 $$
	cd /nowhere; cd /etc/passwd; cd /; : </dev/tcp/127.0.0.1/9; done' 2>/dev/null
expect "signals by name" kill "SIGCONT root ok 0 3; SIGRTMIN root ok 0 3; SIGURG root ok 0 3; timed 9"
expect "addresses of other types" connect "AF_INET 127.0.0.1 9 0 error ECONNREFUSED 3; timed 3"
# bash tries each directory twice.
expect "results by name" chdir "error ENOENT 6; error ENOTDIR 6; timed 12"
stop_exporter
# ---- buckets of a probe ------------------------------------------------------------------------------------------
cat >"$temp/buckets.yml" <<'END'
defaults: {buckets: []}
probes:
  - {syscalls: chdir, filter: comm == cold}
  - {syscalls: getpgid, buckets: [0.003, 1], filter: "comm not in [cold, sh]"}
END
start_exporter --config.file="$temp/buckets.yml"
# The bounds of a function, each with the number of calls.
bounds() {
	get "/metrics?function[]=$1" "$temp/metrics" && sed -n 's/^retprobe_duration_seconds_bucket{.*le="\(.*\)"} /\1 /p' "$temp/metrics" |
		paste -s -d ' '
}
are_right() {
	[ "$(bounds chdir)" = "+Inf 20" ] && [ "$(bounds getpgid)" = "0.003 0 1.0 0 +Inf 0" ]
}
run cold && wait_for 5 are_right && ok "buckets of a probe" || not_ok "buckets of a probe" "$(bounds chdir); $(bounds getpgid)"
stop_exporter
# ---- several probes of a function --------------------------------------------------------------------------------
mechanisms="uretprobe uprobe.multi uprobe.session uprobe.ret"
for mechanism in $mechanisms; do
	for probe in all some; do
		echo "  - {user: {object: $PWD/build/page_calls, functions: page_call}, mechanism: $mechanism, probe: $mechanism-$probe,"
		[ $probe = all ] && echo "     returns: long}" || echo "     returns: long, labels: [comm], filter: ret == 5 && duration < 1h}"
	done
done | sed '1s/^/probes:\n/' >"$temp/several.yml"
start_exporter --config.file="$temp/several.yml"
probe_counts() { # the calls of each probe, and missed calls
	get '/metrics?function[]=page_call' "$temp/metrics" &&
		sed -n 's/^retprobe_\(duration_seconds_count\|missed_total\){.*probe="\([^"]*\)".*} \(.*[1-9].*\)/\2 \3/p' "$temp/metrics" | sort
}
# This kernel may lack some of them.
attached=$(get '/metrics?function[]=page_call' "$temp/metrics" && grep -c '^retprobe_probe_attached.* 1$' "$temp/metrics")
are_right() {
	probe_counts >"$temp/several" && [ "$(grep -c -e '-all 1700$' -e '-some 1000$' "$temp/several")" -eq "$attached" ] &&
		[ "$(wc -l <"$temp/several")" -eq "$attached" ]
}
build/page_calls text 5 1000 && build/page_calls text 2 700
[ "$attached" -ge 4 ] && wait_for 5 are_right && ok "several probes of a function" ||
	not_ok "several probes of a function" "$attached are attached: $(paste -s -d ';' "$temp/several")"
stop_exporter
# ---- programs of labelled system calls ---------------------------------------------------------------------------
# Two for all system calls, with labels or without, and two for each different set of labels, filters and observed
# values. One looks for calls in progress.
programs() { # programs PROBE...: how many the exporter has loaded
	printf 'probes:\n' >"$temp/programs.yml"
	printf '  - {%s}\n' "$@" >>"$temp/programs.yml"
	start_exporter --config.file="$temp/programs.yml"
	grep -l '^prog_type' "/proc/$pid/fdinfo/"* | wc -l
	stop_exporter
}
one=$(programs "syscalls: [chdir, getpgid], labels: [comm]" "syscalls: [getsid], labels: [{named: comm}]" \
	"syscalls: [getpriority]")
[ "$one" -eq 5 ] && ok "calls with the same labels share programs" ||
	not_ok "calls with the same labels share programs" "$one programs"
two=$(programs "syscalls: [chdir, getpgid], labels: [comm]" "syscalls: [getsid], labels: [pid]")
[ "$two" -eq 7 ] && ok "calls with other labels have their own" || not_ok "calls with other labels have their own" "$two programs"
# ---- inherited ---------------------------------------------------------------------------------------------------
build forks
functions=(spawn outer inner again tail_caller tail_callee starter)
[ "$(uname -m)" != x86_64 ] || functions+=(shared)
wrong() { # functions without 10 timed calls (plain: 30), and those with missed calls
	get /metrics "$temp/metrics" && awk -v functions="plain ${functions[*]}" '
		match($0, /function="[^"]*"/) {
			name = substr($0, RSTART + 10, RLENGTH - 11)
			if (/^retprobe_duration_seconds_count\{/) timed[name] += $NF
			if (/^retprobe_missed_total\{/ && $NF > 0 && name != "_all") print $0
		}
		END {
			for (i = split(functions, all, " "); i > 0; i--)
				if (timed[all[i]] != (all[i] == "plain" ? 30 : 10)) print all[i] ": " timed[all[i]] + 0 " timed"
		}' "$temp/metrics"
}
right() {
	wrong >"$temp/wrong" && [ ! -s "$temp/wrong" ]
}
for mechanism in uprobe.multi uretprobe uprobe.session uprobe.ret; do
	for labels in "" "labels: [comm]"; do
		printf 'probes:\n  - user: {object: %s, functions: ["%s"%s]}\n    %s\n' "$temp/forks" plain \
			"$(printf ', "%s"' "${functions[@]}")" "$labels" >"$temp/forks.yml"
		if ! start_exporter --config.file="$temp/forks.yml" --mechanism=$mechanism; then
			skip 2 "$mechanism" "$(tail -n 1 "$temp/exporter.log")"
			break
		fi
		run forks
		name="children's returns are not taken for missed calls: $mechanism${labels:+, labelled}"
		wait_for 5 right && ok "$name" || not_ok "$name" "$(cat "$temp/wrong")"
		stop_exporter
	done
done
exit $failed
