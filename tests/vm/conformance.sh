#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The conformance tests on every kernel of the matrix, two guests at a time:
#
#	conformance.sh [TEST/SERIES[/KERNEL COMMAND LINE]...]
#
# TEST is `conformance` (every mechanism, exact counts of every kind of call) or `conformance_edges`
# (where calls can get lost); SERIES is `native` for this machine: what needs no kprobes.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- conformance/native conformance/7 conformance/6.12 conformance/6.1 \
	conformance/5.10 conformance/6.12/preempt=full conformance_edges/5.10 \
	conformance_edges/6.1 conformance_edges/6.12 conformance_edges/7 \
	conformance_edges/6.12/preempt=full
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

guest() { # guest TEST SERIES CMDLINE DIRECTORY
	tests/vm/guest.sh -k "$2" -a "$3" -o "$4" -t 900 -- "tests/vm/$1_guest.sh" >"$4/log" 2>&1
}

one() { # one JOB
	local test series append out code again=
	IFS=/ read -r test series append <<<"$1"
	out=$work/${1//\//_}
	mkdir -p "$out"
	if [ "$series" = native ]; then
		NATIVE=1 RESULTS=$out "tests/vm/${test}_guest.sh" >"$out/log" 2>&1
		code=$?
	else
		guest "$test" "$series" "$append" "$out"
		code=$?
		# QEMU's translator, unlike a CPU, may run a breakpoint that another CPU has just taken
		# away again (seen in one of some forty guests, in static keys that are none of ours).
		if [ $code -eq 123 ] && grep -q 'the emulator ran stale code' "$out/log"; then
			again="(the emulator ran stale code; this is the second try)"
			rm -rf "$out"
			mkdir "$out"
			guest "$test" "$series" "$append" "$out"
			code=$?
		fi
	fi
	{
		if [ $code -ne 0 ]; then
			echo "not ok $1: exit $code $again"
			tail -20 "$out/log"
		fi
		[ -z "$again" ] || echo "$1 $again"
		python3 "tests/vm/${test}_check.py" "$test $series${append:+ $append}" "$out"
	} >"$out/verdicts" 2>&1
}

export -f one guest
export work
for job; do
	IFS=/ read -r _ series _ <<<"$job"
	[ "$series" = native ] || tests/vm/kernels.sh "$series" || exit 1
done
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'one {}'
for job; do
	cat "$work/${job//\//_}/verdicts"
done
if [ -n "${KEEP:-}" ]; then
	trap - EXIT
	echo "results are in $work"
fi
