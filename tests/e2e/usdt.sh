#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# USDT probes that are counted, spans between them, and spans between functions, of a program whose events are known; and
# transactions of a real PostgreSQL, beside its own statistics.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=usdt
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP usdt: attaching needs root"
	exit 0
fi
plan 33
shop=$PWD/build/shop
[ -x "$shop" ] || give_up shop "it is not built: make test-programs"
strip -o "$temp/stripped" "$shop"

cat >"$temp/usdt.yaml" <<Y
probes:
  - usdt: ["$shop:order__start"]
    labels: [{what: str(arg1)}]
    filter: [arg0 < 50, "str(arg1) != wine"]
    observe: {order: arg0}
  - usdt: ["$shop:shop:order__d*", "!$shop:order__dropped"]
  - functions: ["$shop:usdt:sizes"]
    labels: [{a: arg0}, {b: arg1}, {c: arg2}, {d: arg3}, {e: arg4}, {f: arg5}]
  - usdt: ["$temp/stripped:order__gone|shop:copied"]
    durations: off                        # as in defaults: no matter
    labels: [{from: arg0}]
  - usdt: ["$shop:copied"]
  - usdt: ["$shop:shop:order__strat"]
spans:
  - name: order
    begin: {usdt: "$shop:shop:order__start", key: arg0}
    end: {usdt: "$shop:order__done", key: arg0}
    cancel: {usdt: "$shop:order__dropped", key: arg0}
    labels: [{what: str(arg1)}]
    outcome: arg1
  - name: cheap                           # a filter on text, in a file without symbols
    begin: {usdt: "$temp/stripped:order__start", key: arg0, filter: ["str(arg1) == br*", arg0 < 50]}
    end: {usdt: "$temp/stripped:order__done", key: arg0}
  - name: sizes
    begin: {usdt: "$shop:sizes", key: tid}
    end: {usdt: "$shop:sizes__done", key: tid}
    labels: [{a: arg0}, {b: arg1}, {c: arg2}, {d: arg3}, {e: arg4}, {f: arg5}]
  - name: copied                          # at three places
    begin: {usdt: "$shop:copied", key: arg0}
    end: {usdt: "$shop:order__done", key: arg0}
    labels: [{from: arg0}]
  - name: function
    begin: {function: "$shop:deliver", key: tid}
    end: {return: "$shop:deliver", key: tid}
    labels: [{what: str(name)}, {order: order & 3}]
    outcome: ret
  - name: pause                           # labels of the end
    begin: {usdt: "$shop:order__done", key: tid}
    end: {usdt: "$shop:order__start", key: tid}
    labels: [comm, {what: str(arg1)}, {rest: "arg0 & 3"}]
    labels_at: end
  - name: misspelt
    begin: {usdt: "$shop:order__strat", key: tid}
    end: {usdt: "$shop:order__done", key: tid}
Y

spans() { # spans METRIC LABELS: the value, or the sum
	awk -v metric="$1{" -v labels="$2" 'index($0, metric) == 1 && index($0, labels) { n += $NF } END { print n + 0 }' \
		"$temp/metrics"
}

check() { # check NAME FOUND EXPECTED
	[ "$2" = "$3" ] && ok "$1" || not_ok "$1" "$2, not $3"
}

coproc program { exec "$shop"; }
shop_pid=$!
exec {stripped_in}> >(exec "$temp/stripped" >/dev/null)
stripped_pid=$!
pids=("$shop_pid" "$stripped_pid")
round() { # round: ORDERS in each program
	echo >&"${program[1]}" && read -r -t 60 semaphores <&"${program[0]}" || give_up "the program" "it has ended"
	echo >&"$stripped_in"
}

round
check "no semaphore is set before" "$semaphores" "0 0 0"
launch "$temp/exporter.log" --config.file="$temp/usdt.yaml" && wait_ready 60 ||
	give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"
round
check "semaphores of used probes are set" "$semaphores" "1 1 0"
for _ in 1 2 3 4; do round; done
rounds=5
stripped_done() {
	get /metrics "$temp/metrics" && [ "$(spans retprobe_span_begun_total '"cheap"')" -ge $((13 * rounds)) ]
}
wait_for 20 stripped_done
check "begun = ended + cancelled, and nothing else" \
	"$(spans retprobe_span_begun_total '"order"') $(spans retprobe_span_seconds_count '"order"') $(
		spans retprobe_span_lost_total '"order",reason="cancelled"') $(spans retprobe_span_lost_total '"order"')" \
	"$((100 * rounds)) $((75 * rounds)) $((25 * rounds)) $((25 * rounds))"
check "text labels" "$(for what in bread wine salt; do
	spans retprobe_span_seconds_count "\"order\",what=\"$what\""; done | paste -s -d ' ')" "125 125 125"
check "labels of the end" "$(for what in 'wine",rest="1' 'salt",rest="2' 'oil",rest="3'; do
	spans retprobe_span_seconds_count "\"pause\",comm=\"shop\",what=\"$what\""; done | paste -s -d ' ') $(
	spans retprobe_span_lost_total '"pause",reason="unmatched"')" "125 125 125 125"
check "outcomes" "$(for value in EIO 0 positive; do
	spans retprobe_span_ended_total "value=\"$value\"} " | sed "s/^/$value /"; done | paste -s -d ' ')" \
	"EIO $((25 * rounds * 2)) 0 $((rounds * 2)) positive $((49 * rounds * 2))"
check "filters, in a stripped file" \
	"$(spans retprobe_span_seconds_count '"cheap"') $(spans retprobe_span_lost_total '"cheap",reason="unmatched"')" \
	"$((13 * rounds)) $((62 * rounds))"
check "numbers of each size, in constants, registers and memory" \
	"$(spans retprobe_span_seconds_count 'a="-5",b="65531",c="-70000",d="1099511627776",e="8",f="-12"')" "$rounds"
check "a probe with copies" "$(spans retprobe_span_begun_total '"copied"') $(
	spans retprobe_label_sets 'function="copied"') $(spans retprobe_span_seconds_count '"copied",from="9"')" \
	"$((3 * 75 * rounds)) 77 $rounds"
check "entries and returns of a function" \
	"$(spans retprobe_span_seconds_count '"function",what="wine",order="1"') $(
		spans retprobe_span_ended_total '"function",what="wine",order="1",outcome="error",value="EIO"')" \
	"$((25 * rounds)) $((25 * rounds))"
check "events, by label" "$(for what in bread wine salt oil; do
	spans retprobe_events_total "\"shop:order__start\",what=\"$what\""; done | paste -s -d ' ')" \
	"$((13 * rounds)) 0 $((12 * rounds)) $((12 * rounds))"
check "observed arguments" "$(spans retprobe_observed_sum 'what="oil",name="order"')" "$((rounds * 12 * 25))"
check "a glob without what it excludes" "$(spans retprobe_events_total '"shop:order__done"') $(
	grep -c '^retprobe_events_total.*order__dropped' "$temp/metrics")" "$((75 * rounds)) 0"
check "events with numbers of each size" \
	"$(spans retprobe_events_total 'a="-5",b="65531",c="-70000",d="1099511627776",e="8",f="-12"')" "$rounds"
check "events at several places" "$(spans retprobe_events_total "$shop\",event=\"shop:copied\"") $(
	spans retprobe_events_total "$temp/stripped\",event=\"shop:copied\",from=\"3\"") $(
	spans retprobe_events_total "$temp/stripped\",event=\"shop:copied\"")" \
	"$((3 * 75 * rounds)) $((75 * rounds)) $((3 * 75 * rounds))"
check "nothing is missed" "$(grep -c '^retprobe_missed_total.*function="shop:.*reason="unreadable"} 0$' "$temp/metrics") $(
	spans retprobe_missed_total shop:)" "3 0"
grep -q 'no USDT probe shop:order__strat in .*; did you mean order__start?' "$temp/exporter.log" &&
	ok "a misspelt event" || not_ok "a misspelt event" "$(grep strat "$temp/exporter.log")"
grep -q 'no USDT probe order__strat in .*; did you mean order__start?' "$temp/exporter.log" &&
	ok "a misspelt probe" || not_ok "a misspelt probe" "$(grep strat "$temp/exporter.log")"
stop_exporter
pids=("$shop_pid" "$stripped_pid")
round
check "semaphores are unset afterwards" "$semaphores" "0 0 0"

# An argument in a floating-point register.
printf 'spans:\n- name: real\n  begin: {usdt: "%s:real", key: arg0}\n  end: {usdt: "%s:sizes", key: tid}\n' "$shop" "$shop" \
	>"$temp/real.yaml"
found=$($exporter --config.check --config.file="$temp/real.yaml" 2>&1)
grep -q 'real.yaml:3:10: span:real: arg0 of real cannot be read: its arguments are .*8f@' <<<"$found" &&
	ok "an argument that cannot be read" || not_ok "an argument that cannot be read" "$found"

# ---- files that change -------------------------------------------------------------------------------------------
cp "$shop" "$temp/upgraded"
cat >"$temp/upgraded.yaml" <<Y
probes:
  - usdt: ["$temp/upgraded:order__done", "$temp/later:order__done"]
spans:
  - name: upgraded
    begin: {usdt: "$temp/upgraded:order__start", key: arg0}
    end: {usdt: "$temp/upgraded:order__done", key: arg0}
Y
launch "$temp/exporter.log" --config.file="$temp/upgraded.yaml" && wait_ready 60 || give_up "upgraded" "it does not start"
exec {former_in}> >(exec "$temp/upgraded" >/dev/null)
former_pid=$!
pids+=("$former_pid")
echo >&"$former_in"
has_former() {
	get /metrics "$temp/metrics" && [ "$(spans retprobe_events_total 'upgraded"')" = 75 ]
}
wait_for 10 has_former || give_up "upgraded" "the former file is not counted"
cp "$temp/stripped" "$temp/new"
mv "$temp/new" "$temp/upgraded"
cp "$shop" "$temp/later"
has_both() {
	get /metrics "$temp/metrics" && grep -q 'attached{.*/later",.*reason=""} 1' "$temp/metrics" &&
		[ "$(spans retprobe_events_total 'upgraded"')" = 0 ]
}
wait_for 30 has_both && ok "new files of programs" || not_ok "new files of programs" "$(tail -n 3 "$temp/exporter.log")"
for program in upgraded later; do echo | "$temp/$program" >/dev/null; done
get /metrics "$temp/metrics"
check "it counts there, and spans do, too" "$(spans retprobe_events_total 'upgraded"') $(
	spans retprobe_span_seconds_count '"upgraded"') $(spans retprobe_events_total 'later"')" "75 75 75"
[ "$(grep -c "upgraded was replaced, and 1 processes that run the former file are no longer counted" "$temp/exporter.log")" = 2 ] &&
	ok "processes with the former file are told of" ||
	not_ok "processes with the former file are told of" "$(grep replaced "$temp/exporter.log")"
kill "$former_pid"
stop_exporter
pids=("$shop_pid" "$stripped_pid")

# The server itself runs the C library.
libc=$(ldd /bin/sh | sed -n 's/.* => \(.*\/libc\.so[^ ]*\) .*/\1/p')
printf 'spans:\n- name: own\n  begin: {function: "%s:getpid", key: tid}\n  end: {function: "%s:getppid", key: tid}\n' \
	"$libc" "$libc" >"$temp/own.yaml"
launch "$temp/exporter.log" --config.file="$temp/own.yaml" && wait_ready 60 || give_up "own files" "it does not start"
maps=$(cat "/proc/$(pgrep -P "$pid")/maps")
[[ $maps != *"$libc"* && $maps == *memfd:libc.so.6* ]] && ok "the server runs a copy of a library with points of spans" ||
	not_ok "the server runs a copy of a library with points of spans" "$(grep libc <<<"$maps")"
stop_exporter
pids=("$shop_pid" "$stripped_pid")

# ---- Python ----------------------------------------------------------------------------------------------------------
python() {
	# A copy, since others run Python, too.
	cp /usr/bin/python3 "$temp/snake"
	cat >"$temp/python.yaml" <<Y
probes:
  - usdt: ["$temp/snake:gc__start"]
    labels: [{generation: arg0}]
  - usdt: ["$temp/snake:python:import__find__load__start"]
    labels: [{module: str(arg0)}]
    filter: ["str(arg0) in [colorsys, this_is_none]"]
spans:
  - name: gc
    begin: {usdt: "$temp/snake:gc__start", key: tid, filter: "arg0 == 1"}
    end: {usdt: "$temp/snake:gc__done", key: tid}
    outcome: arg0                         # how many objects it has freed
Y
	launch "$temp/exporter.log" --config.file="$temp/python.yaml" && wait_ready 60 || give_up "Python" "it does not start"
	told=$(PYTHONHOME=/usr "$temp/snake" -S -c '
import gc
gc.disable()
gc.collect()
for i in range(300):
    gc.collect(0)
for i in range(200):
    x = []
    x.append(x)
    del x
    gc.collect(1)
import colorsys
try:
    import this_is_none
except ImportError:
    pass
print(*(statistics["collections"] for statistics in gc.get_stats()[:2]))
') || give_up "Python" "it fails"
	get /metrics "$temp/metrics"
	check "garbage collections of Python, beside its own statistics, by generation" "$(for generation in 0 1; do
		spans retprobe_events_total "gc__start\",generation=\"$generation\""; done | paste -s -d ' ')" "$told"
	check "imports of Python" "$(for module in colorsys this_is_none; do
		spans retprobe_events_total "module=\"$module\""; done | paste -s -d ' ')" "1 1"
	check "what they free" "$(spans retprobe_span_seconds_count '"gc"') $(
		spans retprobe_span_ended_total '"gc",outcome="ok",value="positive"')" "200 200"
	stop_exporter
	pids=("$shop_pid" "$stripped_pid")
}

if $exporter --probe.list='/usr/bin/python3:usdt:*' 2>/dev/null | grep -q gc__start; then
	python
else
	skip 3 "Python" "this one was built without USDT probes"
fi

# ---- arguments in memory that is not there -------------------------------------------------------------------------

absent=$PWD/build/absent
[ -x "$absent" ] || give_up absent "it is not built: make test-programs"
cat >"$temp/absent.yaml" <<Y
probes:
  - usdt: ["$absent:touch"]
    probe: number
    labels: [{how: arg0}, {number: arg1}]
  - usdt: ["$absent:touch"]
    probe: how                            # the number is not read
    labels: [{how: arg0}]
  - usdt: ["$absent:touch"]
    probe: filter
    filter: [arg1 == 4711]
spans:
  - name: absent
    begin: {usdt: "$absent:touch", key: arg1}
    end: {usdt: "$absent:touch", key: arg0}
Y
launch "$temp/exporter.log" --config.file="$temp/absent.yaml" && wait_ready 60 || give_up "the exporter" "it is not ready"
start_program absent "$absent"
printf '\n\n\n' >&"${program_inputs[absent]}"
wait_for 60 has_dots absent 15 || give_up absent "it has ended"
get /metrics "$temp/metrics"
check "arguments in absent memory are counted as unreadable" "$(spans retprobe_events_total 'probe="number",how="0",number="4711"') $(
	spans retprobe_events_total 'probe="number"') $(
	spans retprobe_missed_total 'probe="number",reason="unreadable"') $(spans retprobe_missed_total 'probe="number"')" "30 30 90 90"
check "of those, the others of an event are read" "$(for how in 0 1 2 3; do
	spans retprobe_events_total "probe=\"how\",how=\"$how\""; done | paste -s -d ' ') $(
	spans retprobe_missed_total 'probe="how"')" "30 30 30 30 0"
check "a filter does not reject them" "$(spans retprobe_events_total 'probe="filter"') $(
	spans retprobe_missed_total 'probe="filter",reason="unreadable"')" "30 90"
check "a span without its key" "$(spans retprobe_span_begun_total '"absent"') $(
	spans retprobe_span_lost_total '"absent",reason="unreadable"') $(spans retprobe_span_lost_total '"absent",reason="unmatched"')" \
	"30 90 120"
stop_exporter
kill "${program_pids[absent]}"
pids=("$shop_pid" "$stripped_pid")

# ---- PostgreSQL --------------------------------------------------------------------------------------------------

programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
if [ -z "$programs" ] || ! id postgres >/dev/null 2>&1; then
	skip 2 "transactions" "there is no PostgreSQL"
	pids=("$shop_pid" "$stripped_pid")
	exit $failed
fi
data=$(mktemp -d) && chown postgres "$data"
postgres() { # postgres COMMAND...
	setpriv --reuid=postgres --regid=postgres --clear-groups -- env -C "$data" "$programs/$1" "${@:2}"
}
end_postgres() {
	postgres pg_ctl -D "$data/d" -m fast -w stop >/dev/null 2>&1
	rm -rf "$data"
}
postgres initdb -D "$data/d" -A trust -N >"$temp/initdb" 2>&1 &&
	postgres pg_ctl -D "$data/d" -w -l "$data/log" -o "-k $data -h '' -c autovacuum=off \
		-c max_logical_replication_workers=0" start >"$temp/pg_ctl" 2>&1 || {
	end_postgres
	give_up PostgreSQL "it does not start: $(tail -n 1 "$temp/initdb")"
}
cat >"$temp/postgres.yaml" <<Y
probes:
  - usdt: ["$programs/postgres:transaction__*"]
spans:
  - name: transaction
    begin: {usdt: "$programs/postgres:transaction__start", key: pid}
    end: {usdt: "$programs/postgres:transaction__commit", key: pid}
    cancel: {usdt: "$programs/postgres:transaction__abort", key: pid}
Y
sql() { # sql ARGS...
	postgres psql -h "$data" -d postgres -X -q -t -A "$@"
}
statistics() { # commits and rollbacks of all sessions that have ended
	sql -c "select xact_commit, xact_rollback from pg_stat_database where datname = 'postgres'" | tr '|' ' '
}
counted() { # the same by the span
	get /metrics "$temp/metrics" &&
		echo "$(spans retprobe_span_seconds_count transaction) $(spans retprobe_span_lost_total 'reason="cancelled"')"
}
no_session() {
	[ -z "$(pgrep -f '^postgres: postgres postgres')" ]
}
launch "$temp/exporter.log" --config.file="$temp/postgres.yaml" && wait_ready 60 || give_up "the exporter" "it is not ready"
read -r commits rollbacks <<<"$(counted)"
read -r commits_told rollbacks_told <<<"$(statistics)"
sessions=()
for _ in 1 2 3 4; do
	sql -c "create table if not exists t(i int)" -c "insert into t values (1)" -c "begin; insert into t values (2); rollback" \
		-c "begin; insert into t select generate_series(1, 1000); commit" >/dev/null 2>&1 &
	sessions+=($!)
done
wait "${sessions[@]}"
wait_for 20 no_session
read -r after after_rolled <<<"$(counted)"
read -r told told_rolled <<<"$(statistics)"
events() { # what the probes themselves have counted since the start
	spans retprobe_events_total "postgresql:transaction__$1"
}
check "events of PostgreSQL" "$(events start) $(events commit) $(events abort)" "$((after + after_rolled)) $after $after_rolled"
check "transactions of PostgreSQL" "$((after - commits)) $((after_rolled - rollbacks))" \
	"$((told - commits_told)) $((told_rolled - rollbacks_told))"
stop_exporter
end_postgres
pids=("$shop_pid" "$stripped_pid")
exit $failed
