#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Overload protection, natively: probes that are called too often or cost too much are paused, keep their counts,
# and resume. The first two exporters are of a build with pauses of seconds.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=rate_guard
. tests/e2e/lib.sh
plan 25

exporter=$PWD/build/small/retprobe_exporter
workload=$PWD/build/workload
shop=$PWD/build/shop
blocked=guard_blocked # the name of a task: at most 15 characters
read -r port < <(free_ports 1)

cat > "$temp/config.yml" <<END
probes:
- {syscalls: [msgrcv], labels: [comm], max_rate: 1000}
- user: {object: $workload, functions: [workload_function]}
  max_rate: 100
- {user: {object: $workload, functions: [workload_recursion]}}
spans:
- name: guarded
  begin: {tracepoint: syscalls:sys_enter_getsid, key: pid, filter: "(pid) >= 3000000"}
  end: {tracepoint: syscalls:sys_enter_getpgid, key: pid, filter: "(pid) >= 3000000"}
  max_rate: 1000
END

scrape() { # scrape NAME
	curl -s -m 10 -o "$temp/$1" "http://127.0.0.1:$port/metrics"
}

is() { # is REGEX: the current metrics have such a line
	scrape now && grep -Eq "$1" "$temp/now"
}

value() { # value NAME REGEX: of the one matching series; 0 if there is none
	sed -nE "s/^$2 //p" "$temp/$1" | grep . || echo 0
}

# expect NAME GOT WANTED
expect() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "$2, and not $3"; fi
}

too_often() { # too_often FUNCTION OPERATION...: until it is paused
	local function=$1 caller
	shift
	while :; do "$workload" "$@" > /dev/null; done &
	caller=$!
	pids+=("$caller")
	wait_for 120 is "attached.*function=\"$function\",reason=\"overload\"} 0" ||
		give_up "$function is paused" "it is not: $(grep "attached.*$function" "$temp/now")"
	kill $caller
	wait $caller 2> /dev/null
}

calls='retprobe_duration_seconds_count\{.*function="'
"$exporter" --web.listen-address="127.0.0.1:$port" --config.file="$temp/config.yml" \
	> "$temp/exporter.log" 2>&1 &
pids+=($!)
wait_for 60 is 'attached.*msgrcv.* 1$' || give_up "start" "it does not answer"

# ---- spans that run when their points are detached ---------------------------------------------------
"$workload" begin-keys 1 5 > /dev/null
too_often guarded mix-keys 1 20000 4
scrape spans
lost() { # lost REASON
	value spans 'retprobe_span_lost_total\{span="guarded",reason="'"$1"'"\}'
}
begun=$(value spans 'retprobe_span_begun_total\{span="guarded"\}')
ended=$(value spans 'retprobe_span_seconds_count\{span="guarded"\}')
expect "each span that has begun is in one number" \
	"$((ended + $(lost cancelled) + $(lost replaced) + $(lost no_room) + $(lost detached)))" "$begun"
if [ "$begun" -gt 1000 ] && [ "$(lost detached)" -ge 1 ]; then
	ok "spans that run when they are paused are told"
else
	not_ok "spans that run when they are paused are told" "$(grep guarded "$temp/spans")"
fi

# ---- a function of a link that holds another one ----------------------------------------------------
"$workload" user-recursion 1 10 > /dev/null
scrape before
too_often workload_function user-function 1 2000 7
scrape paused
paused=$(value paused "$calls"'workload_function"\}')
"$workload" user-function 1 30 7 > /dev/null
"$workload" user-recursion 1 10 > /dev/null
scrape still
if grep -q 'workload_function",reason="overload"} 0' "$temp/still"; then
	expect "a paused probe shows what it had counted" "$(value still "$calls"'workload_function"\}')" "$paused"
else
	skip 1 "a paused probe shows what it had counted" "the pause was over"
fi
if [ "$paused" -gt 1000 ]; then ok "the counts stay"; else not_ok "the counts stay" "$paused"; fi
expect "one that shared its link goes on counting" "$(value still "$calls"'workload_recursion"\}')" \
	$((2 * $(value before "$calls"'workload_recursion"\}')))
expect "and shows that there was a gap" \
	"$(value still 'retprobe_probe_detached_total\{.*workload_recursion",reason="relinked"\}')" 1
wait_for 60 is 'attached.*function="workload_function",reason=""} 1' ||
	give_up "it comes back by itself" "it does not"
scrape back
"$workload" user-function 1 70 7 > /dev/null
scrape after
expect "it goes on from what it had" "$(value after "$calls"'workload_function"\}')" \
	$(($(value back "$calls"'workload_function"\}') + 70))
if [ "$(value back "$calls"'workload_function"\}')" -ge "$paused" ]; then ok "it never goes back"; else
	not_ok "it never goes back" "$(value back "$calls"'workload_function"\}') after $paused"; fi
expect "times are counted" \
	"$(value after 'retprobe_probe_detached_total\{.*workload_function",reason="overload"\}')" 1

# ---- a system call in progress during pause and resume ---------------------------------------------------
: > "$temp/entered"
python3 -B tests/e2e/rate_guard_blocked.py "$blocked" > "$temp/entered" &
blocked_pid=$!
pids+=("$blocked_pid")

entered() { # entered TIMES: it is in its call number TIMES
	[ "$(wc -l < "$temp/entered")" -ge "$1" ] &&
		grep -q '^70 \|^70$' "/proc/$blocked_pid/syscall" 2> /dev/null
}

wait_for 60 entered 1 || give_up "a task in msgrcv" "$(cat "/proc/$blocked_pid/syscall")"
too_often msgrcv msgrcv-invalid 1 20000
kill -USR1 $blocked_pid # its call returns, and it makes the next
wait_for 60 entered 2 || give_up "a second call of msgrcv" "it is not made"
if ! is 'function="msgrcv",reason="overload"} 0'; then
	give_up "the second call of msgrcv" "came when the pause was over"
fi
wait_for 60 is 'attached.*function="msgrcv",reason=""} 1' || give_up "msgrcv comes back" "it does not"
kill -USR1 $blocked_pid
wait_for 60 entered 3 || give_up "a third call of msgrcv" "it is not made"
scrape second
expect "a call from before is not taken for one since" "$(value second "$calls"'msgrcv",comm="'$blocked'"\}')" 0
kill -USR1 $blocked_pid
wait_for 60 entered 4 || give_up "a fourth call of msgrcv" "it is not made"
wait_for 60 is "$calls"'msgrcv",comm="'$blocked'"\} 1$'
expect "and one since is counted" "$(value now "$calls"'msgrcv",comm="'$blocked'"\}')" 1
expect "nothing is missed" "$(value now 'retprobe_missed_total\{.*msgrcv",reason="no_entry"\}')" 0

# ---- user functions, none of which is called too often by itself -----------------------------------------
# In this build, they may take 1 % of the CPU time together: 500 calls per second and CPU.
kill "${pids[0]}"
wait "${pids[0]}" 2> /dev/null
"$exporter" --web.listen-address="127.0.0.1:$port" "$workload:workload_*" > "$temp/exporter.log" 2>&1 &
second=$!
pids+=("$second")
wait_for 60 is 'attached.*workload_function.* 1$' || give_up "start of the second" "it does not answer"
too_often workload_function user-function 1 20000 7
scrape paused
expect "one that was not busy is still attached" \
	"$(value paused 'retprobe_probe_attached\{.*function="workload_recursion",reason=""\}')" 1
if grep -q 'probes of programs are hit [0-9]* times a second in total' "$temp/exporter.log"; then
	ok "the log tells of the sum"
else
	not_ok "the log tells of the sum" "$(tail -3 "$temp/exporter.log")"
fi

# USDT probes, and spans between them, are in the sum too. Those of the kernel are not.
kill "$second"
wait "$second" 2> /dev/null
cat > "$temp/usdt.yml" <<END
probes:
- usdt: [$shop:order__start]
- usdt: [$shop:order__dropped]
- tracepoints: ["raw_syscalls:sys_enter"]
spans:
- name: order
  begin: {usdt: "$shop:order__start", key: arg0}
  end: {usdt: "$shop:order__done", key: arg0}
END
"$exporter" --web.listen-address="127.0.0.1:$port" --config.file="$temp/usdt.yml" > "$temp/exporter.log" 2>&1 &
second=$!
pids+=("$second")
wait_for 20 is 'attached.*order__start.* 1$' || give_up "USDT probes are attached" "it does not answer"
while echo; do sleep 0.01; done 2> /dev/null | "$shop" > /dev/null &
pids+=($!)
wait_for 60 is 'attached.*order__start",reason="overload"} 0' && ok "a busy USDT probe is paused" ||
	not_ok "a busy USDT probe is paused" "$(grep 'attached.*shop' "$temp/now")"
wait_for 60 is 'attached.*function="order",reason="overload"} 0' && ok "a busy span of USDT probes is paused" ||
	not_ok "a busy span of USDT probes is paused" "$(grep 'attached.*order' "$temp/now")"
expect "points of the kernel go on" "$(value now 'retprobe_probe_attached\{.*function="raw_syscalls:sys_enter",reason=""\}')" 1
expect "what they cost is known" "$(grep -c 'cannot measure what' "$temp/exporter.log")" 0

# ---- CPU time ----------------------------------------------------------------------------------------
# A function has a budget of its own, and a glob shares one with it. Both are far beyond it. This exporter is the
# usual one: it must act within ten seconds.
kill "$second"
wait "$second" 2> /dev/null
cat > "$temp/cpu.yml" <<END
probes:
- user: {object: $workload, functions: [workload_function]}
  max_cpu: 0.1%
- user: {object: $workload, functions: ["workload_*", "!workload_recursion"]}
END
build/retprobe_exporter --web.listen-address="127.0.0.1:$port" --config.file="$temp/cpu.yml" --max-cpu=0.2% \
	> "$temp/exporter.log" 2>&1 &
pids+=($!)
wait_for 60 is 'attached.*workload_function.* 1$' || give_up "start of the third" "it does not answer"

are_paused() { # are_paused NUMBER: of probes
	scrape now && [ "$(grep -c 'attached.*reason="overload"} 0' "$temp/now")" = "$1" ]
}

overhead() { # overhead NAME: seconds in all
	awk '/^retprobe_probe_overhead_seconds_total/ { sum += $2 } END { print sum + 0 }' "$temp/$1"
}

scrape idle
functions=$(grep -c '^retprobe_probe_attached.* 1$' "$temp/idle")
expect "each probe shows its cost" "$(grep -c '^retprobe_probe_overhead.* 0$' "$temp/idle")" "$functions"
began=$SECONDS
for operation in "user-function 1 5000" "user-functions 1 800"; do
	# shellcheck disable=SC2086 # words
	while :; do "$workload" $operation 7 > /dev/null; sleep 0.1; done &
	pids+=($!)
done
wait_for 30 are_paused 7
took=$((SECONDS - began))
if are_paused 7 && [ $took -le 10 ]; then ok "a function and a glob are held to their budgets within ten seconds"; else
	not_ok "a function and a glob are held to their budgets within ten seconds" \
		"after $took s: $(grep -o 'attached.*' "$temp/now")"
fi
curl -s -m 10 -o "$temp/probes" "http://127.0.0.1:$port/api/v1/probes"
if grep -q 'workload_function.*"why":"its calls took .* more than max_cpu (0.1 %)' "$temp/probes" &&
	[ "$(grep -c 'more than --max-cpu (0.2 %)' "$temp/probes")" = 6 ]; then ok "the page has the reasons"; else
	not_ok "the page has the reasons" "$(grep -o '"why":"[^"]*"' "$temp/probes")"; fi
scrape held
sleep 2
scrape later
if awk "BEGIN { exit !($(overhead later) - $(overhead held) <= 0.002 * 2.5 * $(getconf _NPROCESSORS_ONLN)) }"; then
	ok "the others fit"
else
	not_ok "the others fit" "from $(overhead held) to $(overhead later) in 2 s"
fi
expect "what was counted stays" "$(grep '^retprobe_duration_seconds_count' "$temp/later")" \
	"$(grep '^retprobe_duration_seconds_count' "$temp/held")"
expect "functions that are not called stay attached" "$(grep -c '^retprobe_probe_attached.* 1$' "$temp/later")" \
	$((functions - 7))
count=$(value later "$calls"'workload_function"\}')
cost=$(value later 'retprobe_probe_overhead_seconds_total\{.*workload_function"\}')
if awk "BEGIN { exit !($cost / $count > 1e-7 && $cost / $count < 1e-3) }"; then ok "the cost is plausible"; else
	not_ok "the cost is plausible" "$cost s for $count calls"; fi
exit $failed
