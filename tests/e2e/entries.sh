#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Entries of functions that are counted as events, also of functions that never return.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=entries
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

plan 13
if [ "$(id -u)" -ne 0 ]; then
	skip 13 all "attaching needs root"
	exit 0
fi
server=$temp/server
gcc -g -O1 -o "$server" tests/e2e/entries/server.c > "$temp/server.log" 2>&1 || give_up server "it cannot be built"
cp "$server" "$temp/later.new"

cat > "$temp/config.yaml" <<END
probes:
  - entries: ["$server:serve_request"]
    labels: [{size: size & 1}]
    filter: ["str(what) == a*"]
    observe: {bytes: size}
  - entries: ["$server:serve_*", "!$server:serve_request"]
  - functions: ["$server:entry:finish|nothing"]
    labels: [{status: status}]
  - functions: ["$server:serve_request", "$server:serve_forever", "$temp/later:serve_request"]
  - entries: "$temp/later:serve_request"
END
launch "$temp/exporter.log" --config.file="$temp/config.yaml" && wait_ready 60 ||
	give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"

value() { # value METRIC LABELS: the sum
	awk -v metric="$1{" -v labels="$2" 'index($0, metric) == 1 && index($0, labels) { n += $NF } END { print n + 0 }' \
		"$temp/metrics"
}

check() { # check NAME FOUND EXPECTED
	[ "$2" = "$3" ] && ok "$1" || not_ok "$1" "$2, not $3"
}

start_program server "$server"
printf 'a\nb\nab\nc\nabc\n' >&"${program_inputs[server]}"
wait_for 60 has_dots server 5 || give_up server "it does not answer"
get /metrics "$temp/metrics"
check "a function that does not return, and one of a glob" "$(value retprobe_events_total 'event="entry:serve_forever"') $(
	value retprobe_returns_total 'function="serve_forever"')" "1 0"
check "an exclusion" "$(grep -c '^retprobe_events_total.*serve_request' "$temp/metrics")" 2
check "filters and labels by parameters" "$(value retprobe_events_total 'server",event="entry:serve_request",size="1"') $(
	value retprobe_events_total 'server",event="entry:serve_request"')" "3 3"
check "an observed parameter" "$(value retprobe_observed_sum 'function="entry:serve_request",size="1",name="bytes"')" 9
check "the same function's returns, in another probe" "$(value retprobe_returns_total 'server",function="serve_request"')" 5
check "without durations" "$(grep -c 'retprobe_duration_seconds.*entry:' "$temp/metrics")" 0
grep -q 'probe_info{.*function="entry:serve_request",mechanism="uprobe",returns="void"} 1' "$temp/metrics" &&
	ok "the mechanism" || not_ok "the mechanism" "$(grep probe_info "$temp/metrics")"
echo end >&"${program_inputs[server]}"
wait "${program_pids[server]}"
check "the program has ended" $? 7
pids=("$pid")
get /metrics "$temp/metrics"
check "a function that ends the program" "$(value retprobe_events_total 'event="entry:finish",status="7"') $(
	value retprobe_missed_total 'function="entry:finish"')" "1 0"

# A file that comes later.
mv "$temp/later.new" "$temp/later"
is_there() {
	get /metrics "$temp/metrics" && grep -q 'attached{.*/later",function="entry:serve_request",reason=""} 1' "$temp/metrics"
}
wait_for 30 is_there && printf 'a\nb\n' | "$temp/later" > /dev/null
get /metrics "$temp/metrics"
check "a file that comes later" "$(value retprobe_events_total 'later",event="entry:serve_request"') $(
	value retprobe_returns_total 'later",function="serve_request"')" "2 2"
stop_exporter

# In the terminal, of a program in PATH.
mkdir "$temp/bin" && cp "$server" "$temp/bin/rp-server"
PATH=$temp/bin:$PATH "$exporter" top rp-server:entry:serve_request --label=size=size --once --duration=10m > "$temp/out" 2> "$temp/top.log" &
pid=$!
pids=("$pid")
wait_for 60 grep -q '^counting calls' "$temp/top.log" || give_up top "it does not begin to count"
printf 'a\nb\n' | "$temp/bin/rp-server" > /dev/null
kill -INT "$pid" && wait "$pid"
pids=()
grep -A 1 'rp-server:entry:serve_request{size="2"}$' "$temp/out" | grep -q '^    1 call,' && ok "in the terminal" ||
	not_ok "in the terminal" "$(cat "$temp/out" "$temp/top.log")"

refused() { # refused NAME TEXT LINE...: of a probe
	local said name=$1 text=$2
	shift 2
	{ echo "probes:"; printf '%s\n' "$@"; } > "$temp/bad.yaml"
	said=$("$exporter" --config.check --config.file="$temp/bad.yaml" 2>&1)
	[[ $said == *"$text"* ]] && ok "$name" || not_ok "$name" "$said"
}
refused "a system call" 'entries are of kernel functions, as in entry:tcp_v4_connect' '  - entries: [syscall:openat]'
refused "a filter on the result" 'ret' "  - entries: [\"$server:serve_request\"]" '    filter: [ret < 0]'
exit $failed
