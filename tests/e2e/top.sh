#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `retprobe_exporter top`: exact counts in its table and in JSON, and its screen and keys in tmux. Runs
# natively, with system calls and user functions, which need no kprobes.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=top
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
workload=$PWD/build/workload
function=$workload:workload_function

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP top: attaching needs root"
	exit 0
fi
plan 43

# ---- once -----------------------------------------------------------------------------------------

# Starts top with its output in $temp/out, and returns when it counts. Sets pid.
start_top() { # start_top ARGS...
	: > "$temp/top.log"
	"$exporter" top "$@" > "$temp/out" 2> "$temp/top.log" &
	pid=$!
	pids=("$pid")
	wait_for 60 grep -q '^counting calls' "$temp/top.log" || give_up "top $*" "it does not begin to count"
}

end_top() { # end_top [SIGNAL]: sets code
	[ $# -eq 0 ] || kill "-$1" "$pid"
	wait "$pid"
	code=$?
	pids=()
}

run() { # run OPERATION THREADS CALLS [ARGUMENT]
	"$workload" "$@" > "$temp/run.log" 2>&1 || give_up "the workload" "$(cat "$temp/run.log")"
}

has() { # has NAME FILE TEXT...: the file has each text
	local name=$1 file=$2 text
	shift 2
	for text; do
		grep -qF -- "$text" "$file" && continue
		not_ok "$name" "no \"$text\" in $(cat -v "$file"); $(tail -n 3 "$temp/top.log")"
		return
	done
	ok "$name"
}

no_escapes() { # no_escapes NAME FILE
	if LC_ALL=C grep -q '[[:cntrl:]]' "$2"; then not_ok "$1" "$(cat -v "$2")"; else ok "$1"; fi
}

start_top "$function" syscall:sched_rr_get_interval --filter='comm == workload' --once --duration=10m
run user-function 2 1000 7
run interval-failing 1 30
end_top INT
[ $code = 0 ] && ok "Ctrl-C: exit 0" || not_ok "Ctrl-C: exit 0" "$code: $(cat "$temp/top.log")"
has "the table has each function" "$temp/out" 'calls/s errors/s missed/s' "  $function" "  syscall:sched_rr_get_interval"
has "a user function: exact counts" "$temp/out" '    1000 calls, 0 errors, 0 missed in ' '    returned: positive 1000'
has "a system call: exact counts" "$temp/out" '    30 calls, 30 errors, 0 missed in ' '(error)'
has "histograms" "$temp/out" ' us .. ' '|****************************************|'
no_escapes "no escapes in a file" "$temp/out"

# ---- JSON -----------------------------------------------------------------------------------------

sum() { # sum FILE: what must be equal, from the JSON
	jq -c '[.functions[] | [.function, .calls, .errors, .reason, (.histogram // [] | map(.[1]) | add),
		(.returns // [] | map(.calls) | add), (.label_sets // [] | map([.labels, .calls]) | sort)]] | sort' "$1"
}

start_top "$function" syscall:getpgid syscall:getpgidd --label=comm --label=first=arg0 \
	--filter='comm == workload' --once --duration=3s --format=json
run user-function 1 200 7
run user-function 1 100 8
run getpgid-live 1 50 # of process 0
end_top
[ $code = 0 ] && ok "--duration: exit 0" || not_ok "--duration: exit 0" "$code: $(cat "$temp/top.log")"
want='[["getpgid",50,0,"",50,50,[[{"comm":"workload","first":"0"},50]]],'
want+='["getpgidd",null,null,"not_found",null,null,[]],'
want+='["workload_function",300,0,"",300,300,[[{"comm":"workload","first":"7"},200],[{"comm":"workload","first":"8"},100]]]]'
got=$(sum "$temp/out")
[ "$got" = "$want" ] && ok "JSON: exact counts by label" || not_ok "JSON: exact counts by label" "$got, not $want"
has "a misspelt name: a hint" "$temp/top.log" 'did you mean getpgid'
if jq -e '.functions[] | select(.calls) | .p50.above < .p50.at_most and .p50.at_most <= .p99.at_most and .time > 0' \
	"$temp/out" > /dev/null; then
	ok "JSON: quantiles are bounds"
else
	not_ok "JSON: quantiles are bounds" "$(cat "$temp/out")"
fi

start_top "$function" --observe=value=arg0 --once --duration=10m
run user-function 1 40 7
run user-function 1 20 300
end_top INT
has "a histogram of an observed value" "$temp/out" "               value            calls
         4 .. 16                   40 |****************************************|
        16 .. 64                    0 |                                        |
        64 .. 256                   0 |                                        |
       256 .. 1024                 20 |********************                    |"

# ---- samples --------------------------------------------------------------------------------------

calls=$PWD/build/page_calls
matching=$calls:page_call
start_top "$matching" --label=comm --sample='duration > 50ms' --sample='ret < 0' --once --duration=10m --format=json
build/page_calls x -2 3 60000
build/page_calls x -2 40
build/page_calls x 1 1 60000
end_top INT
got=$(jq -c '.functions[] | [.calls, .samples, .samples_dropped, (.newest_samples | length),
	(.newest_samples | map([.ret, .comm, .labels.comm, .duration > 0.05]) | unique)]' "$temp/out")
want='[44,3,0,3,[[-2,"page_calls","page_calls",true]]]'
[ "$got" = "$want" ] && ok "JSON: samples" || not_ok "JSON: samples" "$got, not $want: $(cat "$temp/top.log")"
start_top "$matching" --sample --once --duration=10m
build/page_calls x 1 30 20000
end_top INT
sampled=$(sed -nE 's/^    ([0-9]+) samples, ([0-9]+) dropped \(rate\)$/\1 \2/p' "$temp/out")
lines=$(grep -cE '^[0-9:.]{12} +[0-9.]+ ms  1  +page_calls +[0-9]+  page_calls:page_call: (page_call|main)( <|$)' "$temp/out")
if [ $((${sampled/ /+})) = 30 ] && [ "$lines" = 10 ]; then ok "samples in the table, and what was dropped"; else
	not_ok "samples in the table, and what was dropped" "$(cat "$temp/out" "$temp/top.log")"; fi

start_top syscall:msgrcv --duration=10m
start_program sleepers "$workload" msgrcv-sleep 4 4 held 2> "$temp/sleepers.log"
wait_for 20 grep -q asleep "$temp/sleepers.log"
if wait_for 20 grep -qE '^ +0 +0 +0 +- +- +4 +0  syscall:msgrcv$' "$temp/out"; then ok "calls in flight"; else
	not_ok "calls in flight" "$(cat "$temp/out" "$temp/sleepers.log")"; fi
echo >&"${program_inputs[sleepers]}"
wait "${program_pids[sleepers]}"
end_top TERM
if tail -n 1 "$temp/out" | grep -qE ' 0 +[0-9<.]+  syscall:msgrcv$'; then ok "the last table has them"; else
	not_ok "the last table has them" "$(tail -n 3 "$temp/out")"; fi

# ---- tables in a pipe -----------------------------------------------------------------------------

"$exporter" top "$function" --interval=1s --duration=3s 2> "$temp/top.log" | cat > "$temp/out"
tables=$(grep -c '^  calls/s' "$temp/out")
if [ "$tables" -ge 3 ]; then ok "a table after each interval"; else
	not_ok "a table after each interval" "$tables: $(cat "$temp/out" "$temp/top.log")"; fi
no_escapes "no escapes in a pipe" "$temp/out"
"$exporter" top "$function" --interval=1s 2> "$temp/top.log" | head -n 1 > "$temp/out"
code=${PIPESTATUS[0]}
[ "$code" = 0 ] && ! grep -q level= "$temp/top.log" && ok "a reader that ends: exit 0" ||
	not_ok "a reader that ends: exit 0" "$code: $(cat "$temp/top.log")"
"$exporter" top "$function" --once --duration=1s > /dev/full 2> "$temp/top.log"
code=$?
[ $code = 1 ] && has "a full disk: exit 1" "$temp/top.log" 'cannot write to standard output' ||
	not_ok "a full disk: exit 1" "$code: $(cat "$temp/top.log")"

# ---- names without a path -------------------------------------------------------------------------

mkdir "$temp/bin"
cp "$workload" "$temp/bin/rp-workload"
PATH=$temp/bin:$PATH start_top rp-workload:workload_function libc:getaddrinfo --once --duration=10m
"$temp/bin/rp-workload" user-function 1 20 7 > /dev/null
end_top TERM
has "a program in PATH, and a library" "$temp/out" "  $temp/bin/rp-workload:workload_function" 'libc.so.6:getaddrinfo' \
	'    20 calls, 0 errors'
cp build/shop "$temp/bin/rp-shop"
PATH=$temp/bin:$PATH start_top 'rp-shop:usdt:order__d*' rp-shop:usdt:shop:order__start libc:usdt:setjmp --once \
	--duration=10m --format=json
echo | "$temp/bin/rp-shop" > /dev/null
end_top TERM
found=$(jq -r '.functions[] | select(.calls) | "\(.object):\(.function) \(.calls)"' "$temp/out" | sort | paste -s -d ' ')
expected="$temp/bin/rp-shop:shop:order__done 75 $temp/bin/rp-shop:shop:order__dropped 25 $temp/bin/rp-shop:shop:order__start 100"
[ "$found" = "$expected" ] && ok "USDT probes of a program in PATH" || not_ok "USDT probes of a program in PATH" "$found"
# ---- probes that come later ------------------------------------------------------------------------

start_top syscall:getpgid "$temp/later:workload_function" --label=comm --once --duration=10m --log.level=info
run getpgid-live 1 10
cp "$workload" "$temp/copy"
mv "$temp/copy" "$temp/later"
wait_for 60 grep -q 'attached 2 of 2 probes' "$temp/top.log"
run getpgid-live 1 10
"$temp/later" user-function 1 25 7 > /dev/null
end_top INT
has "a program that comes later" "$temp/out" "$temp/later:workload_function{comm=\"later\"}" '    25 calls, 0 errors in '
if grep -A 1 'getpgid{comm="workload"}$' "$temp/out" | grep -q '^    20 calls'; then ok "the others go on"; else
	not_ok "the others go on" "$(cat "$temp/out")"; fi

# ---- mistakes -------------------------------------------------------------------------------------

fails() { # fails NAME CODE TEXT ARGS...
	local name=$1 want=$2 text=$3
	shift 3
	timeout 60 "$exporter" "$@" > "$temp/out" 2> "$temp/top.log"
	code=$?
	[ $code = "$want" ] && [ ! -s "$temp/out" ] && has "$name" "$temp/top.log" "$text" ||
		not_ok "$name" "exit $code: $(cat "$temp/out" "$temp/top.log")"
}

fails "nothing to attach" 1 'nothing could be attached' top --once syscall:getpigd
fails "a parameter that is none" 2 'no parameter' top --once syscall:getpgid --label=x=nothing
fails "a sample by a parameter" 2 'not known when the call returns' top --once "$matching" --sample='text == x'
fails "a flag of top" 2 'is a flag of top' --once syscall:getpgid
fails "a flag of the server" 2 'has no effect in top' top --web.listen-address=:1

# ---- the screen -----------------------------------------------------------------------------------

if ! command -v tmux > /dev/null; then
	skip 15 "the screen" "tmux is not here: make deps"
	exit $failed
fi
socket=$temp/tmux
mux() {
	TMUX='' tmux -S "$socket" -f /dev/null "$@"
}
trap 'mux kill-server 2> /dev/null; finish' EXIT
mux new-session -d -x 160 -y 24 "env PS1='$ ' TERM=screen bash --norc --noprofile" || give_up "tmux" "it does not start"

screen() {
	mux capture-pane -p > "$temp/screen"
}
shows() { # shows TEXT
	screen && grep -qF -- "$1" "$temp/screen"
}
see() { # see NAME TEXT: the screen has the text soon
	if wait_for 20 shows "$2"; then ok "$1"; else not_ok "$1" "no \"$2\" in: $(cat "$temp/screen")"; fi
}
# Whether the settings of the terminal are those before, the cursor is there, and the screen is the shell's.
is_restored() {
	mux send-keys "stty -a > $temp/after; clear" Enter
	wait_for 20 test -s "$temp/after"
	cmp -s "$temp/before" "$temp/after" && [ "$(mux display-message -p '#{alternate_on} #{cursor_flag}')" = "0 1" ]
}

mux send-keys "stty -a > $temp/before" Enter
wait_for 20 test -s "$temp/before" || give_up "the terminal" "no shell"
mux send-keys "clear; $exporter top $function syscall:getpgid --label=comm --filter='comm != bash' --sample='ret > 0' --sort=function; echo exit \$?" Enter
see "the screen" "by function"
wait_for 20 shows "syscall:getpgid"
mux send-keys c
see "a key sorts" "by calls"
run user-function 1 500 7
mux send-keys w
see "a label set has a row" 'workload:workload_function{comm="workload"}'
mux send-keys Enter
see "a key opens the histogram" "    500 calls, 0 errors, 0 missed in "
mux send-keys Escape
see "a key closes it" "q quit"
mux send-keys s
see "a key opens the samples" 'workload:workload_function{comm="workload"}: '
mux send-keys s
wait_for 20 shows "q quit"
python3 -c '
import os
open("/proc/self/comm", "w").write("\033[2J\033]0;x")
for i in range(10):
    os.getpgid(0)'
see "label values cannot write to the terminal" 'syscall:getpgid{comm="\u001b[2J\u001b]0;x"}'
mux send-keys C-z
see "Ctrl-Z stops it" "Stopped"
mux send-keys fg Enter
see "and it goes on" "q quit"
mux send-keys q
see "a key quits, with a last table" "$function{"
if is_restored; then ok "the terminal is as it was"; else
	not_ok "the terminal is as it was" "$(cat "$temp/screen"; diff "$temp/before" "$temp/after")"; fi

# Messages wait at the bottom, and are printed afterwards.
cat > "$temp/few.yaml" <<END
probes:
  - user: {object: $workload, functions: [workload_function]}
    labels: [{first: arg0}]
    max_series: 2
END
rm -f "$temp/after"
mux send-keys "clear; $exporter top --config.file=$temp/few.yaml; echo exit \$?" Enter
wait_for 20 shows "workload_function"
for value in 1 2 3 4; do
	run user-function 1 10 $value
done
mux send-keys w
see "a message at the bottom" 'label sets are in use'
see "calls beyond max_series" 'workload:workload_function{first="_other"}'
mux send-keys C-c
see "Ctrl-C: a last table" "exit 0"
if shows 'msg="' && shows "$function{" && is_restored; then ok "Ctrl-C: the terminal is as it was"; else
	not_ok "Ctrl-C: the terminal is as it was" "$(cat "$temp/screen"; diff "$temp/before" "$temp/after")"; fi
exit $failed
