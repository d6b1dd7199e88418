#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The conformance test on every kernel of the matrix, two guests at a time, and natively for what
# needs no kprobes: conformance.sh [SERIES...]
set -u
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- native 5.10 6.1 6.12 7
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

one() { # one SERIES
	local out=$work/$1
	mkdir -p "$out"
	if [ "$1" = native ]; then
		NATIVE=1 RESULTS=$out tests/vm/conformance_guest.sh >"$out/log" 2>&1
	else
		tests/vm/guest.sh -k "$1" -o "$out" -t 600 -- tests/vm/conformance_guest.sh \
			>"$out/log" 2>&1
	fi
	local code=$?
	{
		if [ $code -ne 0 ]; then
			echo "not ok conformance $1: exit $code"
			tail -20 "$out/log"
		fi
		local mode=
		[ "$1" = native ] && mode=native
		python3 tests/vm/conformance_check.py "conformance $1" "$out" $mode
	} >"$out/verdicts" 2>&1
}

export -f one
export work
for series; do
	[ "$series" = native ] || tests/vm/kernels.sh "$series" || exit 1
done
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'one {}'
for series; do
	cat "$work/$series/verdicts"
done
if [ -n "${KEEP:-}" ]; then
	trap - EXIT
	echo "results are in $work"
fi
