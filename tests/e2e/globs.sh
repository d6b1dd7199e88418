#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A glob over a library that many processes have mapped logs its cost before it is attached. A glob over an
# unused library does not, and neither do named functions.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=globs
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
plan 4

functions=60
processes=12

seq -f 'int shared_%.f(int v) { return v; }' $functions >"$temp/shared.c"
gcc -shared -fPIC -O1 -w -o "$temp/libshared.so" "$temp/shared.c" || give_up "a library" "gcc"
cp "$temp/libshared.so" "$temp/libunused.so"
for _ in $(seq $processes); do
	LD_PRELOAD=$temp/libshared.so sleep 600 &
	pids+=($!)
done
all_mapped() {
	local pid
	for pid in "${pids[@]}"; do
		grep -q libshared "/proc/$pid/maps" || return 1
	done
}
wait_for 60 all_mapped || give_up "processes that map it" "they do not"

check() { # check PROBE...: prints what the log says about the cost
	"$exporter" --config.check "$@" 2>"$temp/check.log" >/dev/null
	grep -o "[0-9]* functions of a file that [0-9]* processes have mapped" "$temp/check.log"
}

expect() { # expect NAME WANTED GOT
	[ "$2" = "$3" ] && ok "$1" || not_ok "$1" "\"$3\", not \"$2\""
}

expect "many functions, many processes" "$functions functions of a file that $processes processes have mapped" \
	"$(check "$temp/libshared.so:shared_*")"
expect "few functions" "" "$(check "$temp/libshared.so:shared_1*")"
expect "functions by name" "" "$(check "$temp/libshared.so:shared_1" "$temp/libshared.so:shared_2")"
expect "no process" "" "$(check "$temp/libunused.so:shared_*")"
exit $failed
