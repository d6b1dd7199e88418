#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The conformance tests on every kernel of the matrix, $GUEST_SLOTS (2) guests at a time:
#
#	conformance.sh [TEST[:CASE,...][+TEST[:CASE,...]...]/SERIES[/KERNEL COMMAND LINE]...]
#
# Each argument is a job: one guest of kernel SERIES runs its TESTs one after the other. SERIES `native` is this
# machine, for tests that need no kprobes. TEST is
#
#	callers			who called, and what calls take, by each mechanism
#	conformance		every mechanism, exact counts of every kind of call
#	conformance_edges	where calls can get lost
#	conformance_labels	return kinds, labels, filters, cardinality
#	cpus			calls on each of 128 CPUs
#	events			tracepoints
#	expressions		over known arguments
#	filters			on the result, with all else that probes have, by each mechanism
#	in_flight		calls that hang
#	interrupts		hard interrupts that hit running programs; counts instructions: a job of its own
#	lifecycle		reload, modules, the rate guard, the two processes
#	lockdown		a kernel in lockdown
#	names			several names of one function, and clones
#	nfs			remote calls of the NFS client, to the kernel's server
#	samples			slow and failed calls, one by one
#	scale			thousands of functions, and batches that the kernel refuses
#	spans			between tracepoints
#	syscalls		system calls of every kind, by the tracepoints and by their functions
#	tools			the configuration of deploy/TOOLS.md
#	waits			the spans of the presets
#
# CASEs are the arguments of TEST_guest.sh; without them it runs all cases. LIMIT=SECONDS replaces the guests' time
# limits, for a busy machine. KEEP=1 keeps the results.
set -u
cd "$(dirname "$0")/../.." || exit 1
# The longest first. Kernel 7 is preemptible, which changes where calls can get lost.
both=conformance+conformance_edges
calls=names+expressions+conformance_labels
[ $# -gt 0 ] || set -- $both/7 $both/6.12 lifecycle/7/maxcpus=1 \
	scale:refused.auto,refused.kprobe.multi+$calls+filters:kprobe.session,tracepoint+syscalls/6.12 \
	scale:nobtf+$calls+events+spans+in_flight/5.10/possible_cpus=100 \
	scale:many.fsession.multi,refused.auto+names+waits+nfs/7 \
	conformance_labels+expressions+in_flight+filters:fsession.multi/7 \
	scale:fallback.first,fallback.void,fallback.last,nobtf+$calls+in_flight+samples+callers/6.1 \
	$both/6.1 $both/5.10 lockdown/6.12/lockdown=confidentiality
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The CPUs that TEST/SERIES/COMMAND LINE needs: `one`; two that take `turns` (guest.sh -s); or `two` at once,
# which cost twice the CPU time. A guest gets the maximum over its tests.
#
# Two emulated CPUs at once run stale code when one of them patches the kernel. 5.10 hangs, even without an
# exporter (stale_code.sh). So only the job with the most preemption uses two. Turns interleave the CPUs after
# any instruction that ends a translated block. `many` take turns, too.
cpus_of() {
	case $1 in
	lifecycle/5.* | scale/* | names/* | in_flight/* | samples/* | syscalls/* | tools/* | filters/* | lockdown/* | callers/*) echo one ;;
	expressions/[56].* | events/[56].* | conformance_labels/[56].*) echo one ;;
	# Linux 6.12 adds the sleep of tasks that it moves to its sum of waits.
	waits/*) echo one ;;
	conformance_edges/*/preempt=full | interrupts/*) echo two ;;
	cpus/*) echo many ;;
	*) echo turns ;;
	esac
}

# guest.sh's options for a job. The time limit is about five times what its tests take on two idle CPUs.
options_of() { # options_of SERIES COMMAND-LINE TEST...
	local series=$1 append=$2 cpus limit=100
	shift 2
	cpus=$(for test; do cpus_of "${test%%:*}/$series/$append"; done)
	case $cpus in
	*many*) echo -s -c 128 -m 2048 ;;
	*two*) ;;
	*turns*) echo -s ;;
	*) echo -c 1 ;;
	esac
	for test; do
		case ${test%%:*} in
		conformance* | lifecycle) limit=$((limit + 500)) ;;
		*) limit=$((limit + 300)) ;;
		esac
	done
	echo -t "${LIMIT:-$limit}"
}

# The directory of a job's results.
directory_of() {
	echo "$work/${1//[ \/,+:]/_}"
}

run_job() { # run_job JOB
	local tests series append out code start=$SECONDS
	IFS=/ read -r tests series append <<<"$1"
	IFS=+ read -r -a tests <<<"$tests"
	out=$(directory_of "$1")
	mkdir -p "$out"
	[ "${tests[0]%%:*}" != interrupts ] || export ICOUNT=1
	if [ "$series" = native ]; then
		NATIVE=1 RESULTS=$out tests/vm/tests_guest.sh "${tests[@]}" >"$out.log" 2>&1
	else
		# shellcheck disable=SC2046 # words
		tests/vm/guest.sh -r -k "$series" -a "$append" -o "$out" $(options_of "$series" "$append" "${tests[@]}") -- \
			tests/vm/tests_guest.sh "${tests[@]}" >"$out.log" 2>&1
	fi
	code=$?
	times >"$out.times"
	{
		echo "# $1: $((SECONDS - start)) s, $(awk -F '[ms ]+' \
			'NR == 2 { print int(60 * ($1 + $3) + $2 + $4) }' "$out.times") s of CPU time"
		grep '^guest: the emulator' "$out.log"
		if [ $code -ne 0 ]; then
			echo "not ok $1: exit code $code"
			tail -n 200 "$out.log"
			echo "last results:"
			find "$out" -type f -printf '%T+ %P\n' | sort | tail -n 5
		fi
		for test in "${tests[@]}"; do
			check "${test%%:*}" "$series${append:+ $append}" "$out/${test%%:*}"
		done
	} >"$out.verdicts" 2>&1
}

# Prints the verdicts of one test. Its guest may have ended before it began.
check() { # check TEST KERNEL RESULTS
	local code
	code=$(cat "$3/exit_code" 2>/dev/null)
	[ "$code" = 0 ] || echo "not ok $1 $2: exit code ${code:-missing: it did not run to its end}"
	[ -d "$3" ] || return
	python3 "tests/vm/$1_check.py" "$1 $2" "$3" >"$3.verdicts" 2>&1
	code=$?
	cat "$3.verdicts"
	[ $code -eq 0 ] || grep -q '^not ok' "$3.verdicts" || echo "not ok $1 $2: the check's exit code is $code"
}

export -f cpus_of options_of directory_of run_job check
export work
for job; do
	IFS=/ read -r tests series _ <<<"$job"
	for test in ${tests//+/ }; do
		[ -x "tests/vm/${test%%:*}_guest.sh" ] || {
			echo "no test \"${test%%:*}\" in job \"$job\": TEST[:CASE,...][+TEST...]/SERIES[/COMMAND LINE]" >&2
			exit 2
		}
	done
	[ "$series" = native ] || tests/vm/kernels.sh "$series" || exit 1
done
printf '%s\n' "$@" | xargs -P "${GUEST_SLOTS:-2}" -I{} bash -c 'run_job "{}"'
for job; do
	cat "$(directory_of "$job").verdicts" || echo "not ok $job: no verdicts"
done
if [ -n "${KEEP:-}" ]; then
	trap - EXIT
	echo "results are in $work"
fi
