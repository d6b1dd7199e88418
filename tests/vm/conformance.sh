#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The conformance tests on every kernel of the matrix, two guests at a time:
#
#	conformance.sh [TEST/SERIES[/KERNEL COMMAND LINE][:CASE,...]...]
#
# TEST is `conformance` (every mechanism, exact counts of every kind of call), `conformance_edges` (where
# calls can get lost), `interrupts` (where they come while programs run), `conformance_labels` (return kinds,
# labels, filters, cardinality), `expressions` (over known arguments), `scale` (thousands of functions, batches that
# are refused) or `lifecycle` (reload, modules, the valve, the two processes), `names` (of one
# function; and its clones) or `lockdown` (what is left of a kernel in lockdown); SERIES is `native` for this machine: what
# needs no kprobes. CASEs are what TEST_guest.sh takes.
set -u
cd "$(dirname "$0")/../.." || exit 1
# The longest ones first; with preempt=full, what may be another matter then.
full=6.12/preempt=full
[ $# -gt 0 ] || set -- lifecycle/7/possible_cpus=100 conformance_edges/7 conformance_edges/6.12 \
	conformance_edges/$full:start,many,slots,scraped,fexit,kprobe.session,kprobe.multi,kretprobe,small.fexit \
	conformance_edges/6.1 lifecycle/5.10 conformance/7 conformance/6.12 \
	conformance/$full:auto.mmap,auto.percpu,auto.map,fexit,kprobe.session conformance_labels/7 conformance_labels/6.12 \
	conformance_edges/5.10 scale/7 conformance/6.1 conformance/5.10 conformance_labels/6.1 scale/6.12 scale/6.1:fallback.first,fallback.void,fallback.last,nobtf scale/5.10:nobtf \
	lockdown/6.12/lockdown=confidentiality conformance_labels/5.10 interrupts/6.1:fexit interrupts/6.12:fexit expressions/5.10 expressions/6.1 \
	expressions/6.12 expressions/7 names/5.10 names/6.1 names/6.12 names/7
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

one() { # one JOB
	local test series append out code cases=() options=() start=$SECONDS
	IFS=/ read -r test series append <<<"${1%%:*}"
	[[ $1 != *:* ]] || IFS=, read -r -a cases <<<"${1#*:}"
	out=$work/${1//[\/,]/_}
	mkdir -p "$out"
	# One CPU always sees its own code as it is, and is faster where nothing is about two; each reload patches
	# the kernel, which two can stand only one after the other.
	case $test/$series in
	scale/* | expressions/[56].* | conformance_labels/[56].* | lifecycle/5.*) options=(-c 1) ;;
	lifecycle/* | conformance/5.*) options=(-s) ;;
	esac
	[ "$test" != interrupts ] || export ICOUNT=1
	if [ "$series" = native ]; then
		NATIVE=1 RESULTS=$out "tests/vm/${test}_guest.sh" "${cases[@]}" >"$out.log" 2>&1
	else
		tests/vm/guest.sh -r -k "$series" -a "$append" -o "$out" "${options[@]}" -t 1800 -- \
			"tests/vm/${test}_guest.sh" "${cases[@]}" >"$out.log" 2>&1
	fi
	code=$?
	{
		if [ $code -ne 0 ]; then
			echo "not ok $1: exit $code"
			tail -20 "$out.log"
		fi
		echo "# $1: $((SECONDS - start)) s"
		grep '^guest: the emulator' "$out.log"
		python3 "tests/vm/${test}_check.py" "$test $series${append:+ $append}" "$out"
	} >"$out.verdicts" 2>&1
}

export -f one
export work
for job; do
	IFS=/ read -r _ series _ <<<"${job%%:*}"
	[ "$series" = native ] || tests/vm/kernels.sh "$series" || exit 1
done
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'one {}'
for job; do
	cat "$work/${job//[\/,]/_}.verdicts"
done
if [ -n "${KEEP:-}" ]; then
	trap - EXIT
	echo "results are in $work"
fi
