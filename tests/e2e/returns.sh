#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Results of user functions and system calls: by kind, by C type, by `error:`, and with filters on the result.
# System calls that signals interrupt. OpenSSL's handshakes.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=returns
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
sources=$PWD/tests/e2e/returns

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP returns: attaching needs root"
	exit 0
fi
plan 81

start_exporter() { # start_exporter ARGS...: sets pid and url
	launch "$temp/exporter.log" "$@" || give_up "the exporter" "it ends: $(tail -n 1 "$temp/exporter.log")"
	wait_ready 30 || give_up "the exporter" "it does not become ready"
}

# Prints "OUTCOME VALUE CALLS" for each result of a function, in order.
results() { # results FUNCTION [OBJECT]
	get "/metrics?function[]=$1" "$temp/metrics" &&
		sed -n 's|^retprobe_returns_total{object="'"${2:-.*}"'",.*outcome="\([^"]*\)",value="\([^"]*\)".*} \(.*\)|\1 \2 \3|p' \
			"$temp/metrics" | grep -v ' 0$' | sort | paste -sd,
}

check() { # check NAME WANT FUNCTION [OBJECT]
	local got
	got=$(results "${@:3}")
	if [ "$got" = "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$got, not $2"
	fi
}

# ---- every type, in every notation -----------------------------------------------------------------------
gcc -O1 -o "$temp/results" "$sources/results.c" 2>"$temp/results.log" || give_up "results" "it cannot be built"
cases=() wants=()

case_of() { # case_of "FUNCTION KEYS" WANT: for run_cases
	cases+=("$1") wants+=("$2")
}

# Probes, runs and compares all cases so far with one exporter. Each has its own copy of the program.
run_cases() {
	local i function keys
	echo "probes:" >"$temp/case.yaml"
	for i in "${!cases[@]}"; do
		function=${cases[i]%% *} keys=${cases[i]#* }
		[ "$keys" != "${cases[i]}" ] || keys=
		cp "$temp/results" "$temp/results.$i"
		printf '  - {user: {object: "%s", functions: [%s]}%s}\n' "$temp/results.$i" "$function" "${keys:+, $keys}"
	done >>"$temp/case.yaml"
	start_exporter --config.file="$temp/case.yaml"
	for i in "${!cases[@]}"; do
		"$temp/results.$i"
		check "${cases[i]}" "${wants[i]}" "${cases[i]%% *}" "$temp/results.$i"
	done
	stop_exporter
	cases=() wants=()
}

case_of 'shake' 'ok negative 10,ok positive 10,ok zero 10'
case_of 'shake returns: int' 'ok negative 10,ok positive 10,ok zero 10'
case_of 'shake returns: errno' 'error EPERM 10,ok 0 10,ok positive 10'
case_of 'shake returns: value' 'ok -1 10,ok 0 10,ok 1 10'
case_of 'shake returns: size' 'error EPERM 10,ok 0 10,ok positive 10'
case_of 'shake_long returns: long' 'ok negative 10,ok positive 10,ok zero 10'
case_of 'shake_long returns: long as errno' 'error EPERM 10,ok 0 10,ok positive 10'
case_of 'shake_short returns: short' 'ok negative 20,ok positive 10'
case_of 'shake_short returns: short as value' 'ok -5 20,ok 7 10'
case_of 'count returns: unsigned' 'ok 0 10,ok positive 20'
case_of 'count returns: unsigned as value' 'ok 0 10,ok 2147483648 20'
case_of 'measure returns: size_t' 'ok positive 30'
case_of 'measure returns: size_t as value' 'ok 18446744073709551615 10,ok 4294967296 20'
case_of 'is_even returns: bool' 'ok false 15,ok true 15'
case_of 'find returns: pointer' 'null NULL 10,ok pointer 20'
case_of 'paint returns: value' 'ok -1 10,ok 0 10,ok 5 10'
case_of 'nothing returns: void' 'ok void 30'
run_cases

# ---- types from DWARF: in the file, and in a debug file ---------------------------------------------------
typed() { # typed: `auto` reads the type of each
	case_of 'shake' 'ok negative 10,ok positive 10,ok zero 10'
	case_of 'shake_long error: "== -1"' 'error negative 10,ok positive 10,ok zero 10'
	case_of 'shake_short' 'ok negative 20,ok positive 10'
	case_of 'count' 'ok 0 10,ok positive 20'
	case_of 'measure returns: value' 'ok 18446744073709551615 10,ok 4294967296 20'
	case_of 'is_even' 'ok false 15,ok true 15'
	case_of 'find' 'null NULL 10,ok pointer 20'
	case_of 'paint' 'ok GREEN 10,ok NONE 10,ok RED 10'
	case_of 'paint error: "== NONE"' 'error NONE 10,ok GREEN 10,ok RED 10'
	case_of 'paint filter: ret == GREEN' 'ok GREEN 10'
	case_of 'nothing' 'ok void 30'
	run_cases
}

mv "$temp/results" "$temp/untyped"
suite="returns, DWARF:"
gcc -O1 -g -DTYPED -o "$temp/results" "$sources/results.c" 2>"$temp/results.log" ||
	give_up "results" "it cannot be built with types"
typed
if "$exporter" --probe.list="$temp/results:paint" | grep -q ' enum enum color paint(int i)$'; then
	ok "--probe.list has signatures"
else
	not_ok "--probe.list has signatures" "$("$exporter" --probe.list="$temp/results:paint" 2>&1)"
fi
printf 'probes:\n  - {user: {object: "%s", functions: [find]}, returns: int}\n  - {user: {object: "%s", functions: [paint]}}\n' \
	"$temp/results" "$temp/results" >"$temp/case.yaml"
start_exporter --config.file="$temp/case.yaml"
get /metrics "$temp/metrics"
if grep -q 'probe_attached{.*function="find",reason="refused"} 0' "$temp/metrics" &&
	grep -q 'probe_attached{.*function="paint",reason=""} 1' "$temp/metrics"; then
	ok "a type that does not suit costs its own probe only"
else
	not_ok "a type that does not suit costs its own probe only" "$(grep probe_attached "$temp/metrics")"
fi
stop_exporter
suite="returns, debug file:"
objcopy --only-keep-debug "$temp/results" "$temp/results.debug" && strip "$temp/results" &&
	objcopy --add-gnu-debuglink="$temp/results.debug" "$temp/results" || give_up "results" "it cannot be stripped"
typed
suite="returns, damaged DWARF:"
gcc -O1 -g -DTYPED -o "$temp/results" "$sources/results.c" 2>"$temp/results.log"
for section in .debug_info .debug_abbrev .debug_str; do
	head -c 4000 /dev/urandom >"$temp/noise"
	objcopy --update-section "$section=$temp/noise" "$temp/results" 2>/dev/null
	case_of 'shake returns: int' 'ok negative 10,ok positive 10,ok zero 10'
	run_cases
done
suite=returns
mv "$temp/untyped" "$temp/results"

# ---- error ------------------------------------------------------------------------------------------------
case_of 'shake error: "< 0"' 'error negative 10,ok positive 10,ok zero 10'
case_of 'shake error: "<= 0"' 'error negative 10,error zero 10,ok positive 10'
case_of 'shake error: "< 1"' 'error negative 10,error zero 10,ok positive 10'
case_of 'shake error: "!= 1"' 'error negative 10,error zero 10,ok positive 10'
case_of 'shake error: "== 0"' 'error zero 10,ok negative 10,ok positive 10'
case_of 'shake error: "!= 0"' 'error negative 10,error positive 10,ok zero 10'
case_of 'shake error: "> 0"' 'error positive 10,ok negative 10,ok zero 10'
case_of 'shake error: ">= 0"' 'error positive 10,error zero 10,ok negative 10'
case_of 'shake error: "== -1"' 'error negative 10,ok positive 10,ok zero 10'
case_of 'shake error: "< -1"' 'ok negative 10,ok positive 10,ok zero 10'
case_of 'shake returns: value, error: "<= 0"' 'error -1 10,error 0 10,ok 1 10'
case_of 'shake returns: value, error: "<= 0", max_series: 1' 'error _other 20,ok 1 10'
case_of 'shake returns: errno, error: "== 0"' 'error 0 10,error EPERM 10,ok positive 10'
case_of 'measure returns: size_t, error: "== -1"' 'error positive 10,ok positive 20'
case_of 'find error: "== null"' 'error NULL 10,ok pointer 20'
case_of 'find returns: pointer, error: "== -1"' 'error pointer 10,null NULL 10,ok pointer 10'
case_of 'is_even returns: bool, error: "== false"' 'error false 15,ok true 15'

# ---- filters on the outcome agree, and filters on the result ----------------------------------------------
case_of 'shake error: "< 0", filter: outcome == error' 'error negative 10'
case_of 'shake error: "== -1", filter: outcome == error' 'error negative 10'
case_of 'shake error: "<= 0", filter: outcome == ok' 'ok positive 10'
case_of 'shake returns: value, error: "< 1", filter: outcome == error' 'error -1 10,error 0 10'
case_of 'find returns: pointer, filter: outcome == null' 'null NULL 10'
case_of 'find error: "== null", filter: outcome == null' ''
case_of 'find error: "== null", filter: outcome == error' 'error NULL 10'
case_of 'shake filter: ret < 0' 'ok negative 10'
case_of 'shake filter: [ret >= 0, ret != 1]' 'ok zero 10'
case_of 'shake returns: errno, filter: ret == -EPERM' 'error EPERM 10'
case_of 'shake returns: errno, filter: value == EPERM' 'error EPERM 10'
case_of 'shake returns: value, filter: value == 1' 'ok 1 10'
case_of 'measure returns: size_t, filter: ret == 4294967296' 'ok positive 20'
case_of 'is_even returns: bool, filter: ret == true' 'ok true 15'
case_of 'find returns: pointer, filter: ret != null' 'ok pointer 20'
run_cases

# ---- system calls that signals interrupt ------------------------------------------------------------------
gcc -O1 -o "$temp/interrupted" "$sources/interrupted.c" 2>"$temp/interrupted.log" ||
	give_up "interrupted" "it cannot be built"
cat >"$temp/case.yaml" <<-'Y'
	defaults: {filter: comm == interrupted}
	probes:
	  - {syscalls: [nanosleep, restart_syscall]}
	  - {syscalls: read, filter: [comm == interrupted, outcome == restarted], error: "< 0"}
Y
start_exporter --config.file="$temp/case.yaml"
"$temp/interrupted" 7 || not_ok interrupted "exit code $?"
check "read is restarted 7 times" 'restarted ERESTARTSYS 7' read
check "nanosleep is interrupted once" 'restarted ERESTART_RESTARTBLOCK 1' nanosleep
check "restart_syscall is interrupted 6 times" 'ok 0 1,restarted ERESTART_RESTARTBLOCK 6' restart_syscall
if curl -s -f "$url/api/v1/probes" | grep -q '"restarted":{"ERESTARTSYS":7}'; then
	ok "/api/v1/probes has it"
else
	not_ok "/api/v1/probes has it" "no ERESTARTSYS under restarted"
fi
stop_exporter

# ---- OpenSSL's handshakes ---------------------------------------------------------------------------------
library=$(ldd "$(python3 -c 'import _ssl; print(_ssl.__file__)')" | sed -n 's/.*libssl.* => \(\S*\) .*/\1/p')
if [ -z "$library" ]; then
	skip 1 SSL_do_handshake "python3 has OpenSSL built in"
	exit $failed
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout "$temp/key.pem" -out "$temp/cert.pem" 2>"$temp/openssl.log" ||
	give_up "SSL_do_handshake" "openssl makes no certificate"
printf 'probes:\n  - {user: {object: "%s", functions: [SSL_do_handshake]}, returns: int, error: "<= 0", filter: comm == handshakes}\n' \
	"$(realpath "$library")" >"$temp/case.yaml"
start_exporter --config.file="$temp/case.yaml"
python3 -B "$sources/handshakes.py" "$temp/cert.pem" "$temp/key.pem" 6 4 3 || not_ok SSL_do_handshake "exit code $?"
got=$(results SSL_do_handshake | tr , '\n' | awk '{ n[$1] += $3 } END { print n["ok"] + 0, n["error"] + 0 }')
if [ "$got" = "12 11" ]; then
	ok "SSL_do_handshake: 6 good ones and 4 bad ones of two sides each, 3 that are left"
else
	not_ok "SSL_do_handshake" "ok and error are $got, not 12 11: $(results SSL_do_handshake)"
fi
stop_exporter
exit $failed
