#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Programs that return probes would break. Their functions are left by exceptions, panics, longjmp,
# cancellation, coroutines, moving stacks and jumps. Each must run as without a probe, and each call must be
# counted as what it is.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=uprobe_ret
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
sources=$PWD/tests/e2e/left
probes=()
programs=()

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP uprobe_ret: attaching needs root"
	exit 0
fi
case $(uname -m) in
x86_64 | aarch64) ;;
*)
	echo "SKIP uprobe_ret: it is for x86-64 and arm64"
	exit 0
	;;
esac
plan 15

# The program's own output: a line per function, with what to probe and what to expect.
add() { # add NAME COMMAND...: builds the program $temp/NAME
	local name=$1 function
	shift
	if ! "$@" >"$temp/$name.log" 2>&1; then
		give_up "$name" "it cannot be built"
	fi
	"$temp/$name" >"$temp/$name.want" 2>&1 || give_up "$name" "it does not work unprobed: $(cat "$temp/$name.want")"
	programs+=("$name")
	while read -r function _; do
		probes+=("$temp/$name:$function")
	done <"$temp/$name.want"
}

start_exporter() { # start_exporter ARGS...: sets pid and url
	launch "$temp/exporter.log" "$@" || give_up "the exporter" "it ends: $(tail -n 1 "$temp/exporter.log")"
}

# Prints lines in the format of the programs, from the metrics, sorted.
counts() { # counts PROGRAM
	curl -s -f "$url/metrics" | python3 -c '
import re, sys
want = {}
for line in sys.stdin:
    m = re.match(r"retprobe_(duration_seconds_count|missed_total|returns_total)\{(.*)\} (\S+)$", line)
    labels = dict(re.findall(r"(\w+)=\"((?:[^\"\\]|\\.)*)\"", m.group(2))) if m else {}
    if not m or labels["object"] != sys.argv[1]:
        continue
    n = want.setdefault(labels["function"], {"calls": 0, "unwound": 0, "tail_call": 0, "else": 0})
    if m.group(1) == "duration_seconds_count":
        n["calls"] += int(m.group(3))
    elif m.group(1) == "missed_total":
        n["unwound" if labels["reason"] == "unwound" else "else"] += int(m.group(3))
    elif labels["value"] == "tail_call":
        n["tail_call"] += int(m.group(3))
for f, n in sorted(want.items()):
    print(f, n["calls"] - n["tail_call"], n["unwound"], n["tail_call"], *["missed"] * (n["else"] > 0))
' "$temp/$1"
}

# All at once: calls in progress are not counted yet.
are_right() {
	local program right=0
	for program in "${programs[@]}"; do
		counts "$program" >"$temp/$program.got"
		sort "$temp/$program.want" | cmp -s - "$temp/$program.got" || right=1
	done
	return $right
}

cc=(gcc -O2 -pthread -o)
add left "${cc[@]}" "$temp/left" "$sources/left.c"
add stacks "${cc[@]}" "$temp/stacks" "$sources/stacks.c"
if command -v g++ >/dev/null; then
	add throws g++ -O2 -o "$temp/throws" "$sources/throws.cc"
else
	skip 2 throws "there is no C++ compiler"
fi
if command -v rustc >/dev/null; then
	add panics rustc -O -o "$temp/panics" "$sources/panics.rs"
else
	skip 2 panics "there is no Rust compiler"
fi
if command -v go >/dev/null; then
	cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter/go-build
	add moves env GOCACHE="$cache" GOFLAGS= GO111MODULE=off go build -o "$temp/moves" "$sources/moves.go"
else
	skip 2 moves "there is no Go"
fi

start_exporter "${probes[@]}"
wait_for 60 curl -s -f -o "$temp/metrics" "$url/metrics"
others=$(grep '^retprobe_probe_info' "$temp/metrics" | grep -v 'mechanism="uprobe.ret"')
attached=$(grep -c '^retprobe_probe_info' "$temp/metrics")
if [ -z "$others" ] && [ "$attached" = ${#probes[@]} ]; then
	ok "it is chosen by itself"
else
	not_ok "it is chosen by itself" "$attached of ${#probes[@]}; $others; $(tail -n 3 "$temp/exporter.log")"
fi
for program in "${programs[@]}"; do
	if "$temp/$program" 2>&1 | cmp -s "$temp/$program.want"; then
		ok "$program runs as without a probe"
	else
		not_ok "$program runs as without a probe" "$("$temp/$program" 2>&1 | tail -n 3)"
	fi
done
wait_for 20 are_right
for program in "${programs[@]}"; do
	wrong=$(sort "$temp/$program.want" | diff - "$temp/$program.got" 2>&1)
	[ -z "$wrong" ] && ok "$program: each call is counted" || not_ok "$program: each call is counted" "$wrong"
done
stop_exporter

# All of a C library that a few programs use instead of the machine's.
mkdir "$temp/lib"
cp "$(gcc -print-file-name=libc.so.6)" "$temp/lib/libc.so.6"
cp "$(readelf -l /bin/sh | sed -n 's/.*program interpreter: \(.*\)]/\1/p')" "$temp/lib/ld.so"
with_library() {
	"$temp/lib/ld.so" --library-path "$temp/lib" "$@"
}
# shellcheck disable=SC2016 # for the other shell to expand
work_with_library() {
	seq 1 500 | with_library "$(command -v sort)" -rn | with_library "$(command -v sha256sum)"
	with_library "$(command -v bash)" -c 'for i in 1 2 3; do printf "%s-%d " x $((i * 7)); done
		trap "echo trapped" USR1; kill -USR1 $$; (exit 3); echo $?; echo $(echo sub)'
	with_library "$(command -v find)" tests/unit -name '*.h' | with_library "$(command -v wc)" -l
}
work_with_library >"$temp/library.want" 2>&1
start_exporter --memory.limit=2GiB "$temp/lib/libc.so.6:*"
work_with_library >"$temp/library.got" 2>&1
cmp -s "$temp/library.want" "$temp/library.got" && ok "programs run whose whole C library is probed" ||
	not_ok "programs run whose whole C library is probed" "$(diff "$temp/library.want" "$temp/library.got")"
# On a busy machine, a page of 90,000 lines can take longer than one try.
wait_for 240 curl -s -f -o "$temp/library.metrics" "$url/metrics" || tail -n 5 "$temp/exporter.log"
attached=$(grep -c '^retprobe_probe_info' "$temp/library.metrics")
called=$(grep -c '^retprobe_duration_seconds_count{.*} [1-9]' "$temp/library.metrics")
missed=$(grep '^retprobe_missed_total' "$temp/library.metrics" | grep -v -e ' 0$' -e 'reason="unwound"')
[ "$attached" -gt 1000 ] && [ "$called" -gt 100 ] && [ -z "$missed" ] && ok "its calls are counted" ||
	not_ok "its calls are counted" "$attached attached, $called called, missed: $missed"
stop_exporter

# Programs of the mechanisms that are not needed are not loaded.
loaded() {
	grep -l '^prog_type' "/proc/$pid/fdinfo/"* | wc -l
}
start_exporter "$temp/left:threaded"
chosen=$(loaded)
stop_exporter
start_exporter --mechanism=uprobe.ret "$temp/left:threaded"
[ "$chosen" -gt 0 ] && [ "$chosen" -eq "$(loaded)" ] && ok "only its own programs are loaded" ||
	not_ok "only its own programs are loaded" "$chosen by itself, $(loaded) when forced"
stop_exporter

# A return probe can be forced, with a warning.
start_exporter --mechanism=uretprobe "$temp/left:threaded"
grep -q 'level=warn.*uretprobe as requested.*longjmp' "$temp/exporter.log" && ok "what is forced is warned of" ||
	not_ok "what is forced is warned of" "$(cat "$temp/exporter.log")"
stop_exporter
exit $failed
