#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the tests and counts them: run.sh check (no root, no virtual machine), run.sh all, or only some suites:
# run.sh suites 'SUITE [ARGUMENT...]'...
#
# A suite is a program that prints its plan, `1..N`, and then a line for each of its N tests: `ok NAME`,
# `not ok NAME: why`, `SKIP NAME: why`, or TAP. A suite of several parts prints a plan for each part. A suite that
# cannot run at all prints one SKIP line, without a plan. A suite also fails if it plans nothing, or reports more or
# fewer tests than planned. So does a suite that ends badly without a `not ok`.
#
# With CI=true a skip is a failure, unless tests/skips lists it.
# guest.sh leaves a file in $GUEST_RERUNS for each guest that it runs again because the emulator ran stale code. A bug in
# how our probes patch the kernel would look the same, but would come back: a second rerun fails the run.
#
# The output of failed suites is shown, without their `ok` lines. The last line is `N passed, N failed`.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -u
cd "$(dirname "$0")/.." || exit 1

# A version manager's python3 is a script, which takes longer to start than Python itself.
python=$(python3 -c 'import sys; print(sys.executable)')
[ "$(command -v python3)" = "$python" ] || export PATH=${python%/*}:$PATH

unit_jobs=$((2 * $(nproc))) # some wait
suite_limit=4500

# Prints passed, failed, skipped, and what is wrong with the suite itself.
count() { # count LOG CODE
	tr -d '\r' < "$1" | awk -v code="$2" '
		/^1\.\.[0-9]+/ { planned += substr($1, 4) }
		/^ok .*# SKIP/ || /^SKIP / { skipped++; next }
		/^not ok / { failed++; next }
		/^ok / { passed++ }
		END {
			total = passed + failed + skipped
			if (total == 0)
				wrong = "no test reported (exit code " code ")"
			else if (planned != total && !(planned == 0 && total == 1 && skipped == 1))
				wrong = (planned ? planned : "no") " tests planned, " total " reported (exit code " code ")"
			else if (code != 0 && failed == 0)
				wrong = "exit code " code ", but no test failed"
			if (code == 124)
				wrong = "time is up"
			print passed + 0, failed + (wrong != ""), skipped + 0, wrong
		}'
}

# Prints the entries of tests/skips: PATTERN, a tab, and the reason.
listed_skips() {
	sed -n 's/^\([^#].*[^ ]\) *# *\(.*\)/\1\t\2/p' tests/skips
}

# Prints the skips of a suite that tests/skips does not list, and keeps the entries that match.
unlisted_skips() { # unlisted_skips LOG
	local text pattern listed
	grep -E '^SKIP |^ok .*# SKIP' "$1" | sed 's/^SKIP //' | while read -r text; do
		listed=''
		while IFS=$'\t' read -r pattern _; do
			# shellcheck disable=SC2053 # a pattern
			if [[ $text == $pattern ]]; then
				listed=yes
				echo "$pattern" >> "$scores/skips"
			fi
		done < <(listed_skips)
		[ -n "$listed" ] || echo "$text"
	done
}

# Runs a suite, prints its summary in one piece, and keeps the score.
run_suite() { # run_suite LIMIT COMMAND
	local log code passed failed skipped wrong wall cpu name=$2
	name=${name#./} name=${name#build/}
	log=$scores/$(tr / _ <<< "$name").log
	TIMEFORMAT='%R %U %S'
	{
		time {
			# shellcheck disable=SC2086 # a suite and its arguments
			CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$1" $2 < /dev/null > "$log" 2>&1
			code=$?
		}
	} 2> "$log.time"
	read -r wall cpu < <(awk '{ printf "%.0f %.0f\n", $1, $2 + $3 }' "$log.time")
	read -r passed failed skipped wrong < <(count "$log" $code)
	[ "$skipped" -eq 0 ] || unlisted_skips "$log" > "$log.unlisted"
	if [ "${CI:-}" = true ] && [ -s "$log.unlisted" ]; then
		failed=$((failed + $(wc -l < "$log.unlisted")))
		wrong+="${wrong:+; }skipped, and not in tests/skips: $(paste -s -d ';' "$log.unlisted")"
	fi
	echo "$passed $failed $skipped" >> "$scores/score"
	echo "$wall $cpu $name" >> "$scores/times"
	{
		printf '%-32s %4d passed, %d failed' "$name" "$passed" "$failed"
		[ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped"
		printf ' (%d s, CPU %d s)\n' "$wall" "$cpu"
		sed -n 's/^# \(.* s of CPU time\)$/    \1/p' "$log"
		if [ "$failed" -gt 0 ]; then
			[ -z "$wrong" ] || echo "    $name: $wrong"
			grep -v '^ok ' "$log" | sed 's/^/    /'
		elif [ "$skipped" -gt 0 ]; then
			grep -E '^SKIP |# SKIP' "$log" | sed 's/^/    /'
		fi
	} > "$log.summary"
	flock "$scores/score" cat "$log.summary"
}

# Runs suites that exist and can be executed, JOBS at a time.
run_suites() { # run_suites JOBS LIMIT COMMAND...
	local jobs=$1 limit=$2 suite
	shift 2
	# shellcheck disable=SC2016 # the inner shell is to expand them
	for suite; do
		[ ! -x "${suite%% *}" ] || printf '%s\n' "$suite"
	done | xargs -r -d '\n' -P "$jobs" -I SUITE bash -c 'run_suite "$0" "$1"' "$limit" SUITE
}

export -f run_suite count listed_skips unlisted_skips
scores=$(mktemp -d)
export scores GUEST_RERUNS=$scores/reruns
mkdir "$GUEST_RERUNS"
trap 'rm -rf "$scores"' EXIT
trap 'exit 130' HUP INT TERM
touch "$scores/score" "$scores/skips" "$scores/times"
shopt -s nullglob

case "${1:-}" in
check | all) ;;
suites)
	run_suites 1 "$suite_limit" "${@:2}"
	;;
*)
	echo "usage: tests/run.sh check|all|suites 'SUITE [ARGUMENT...]'..." >&2
	exit 2
	;;
esac

if [ "$1" != suites ]; then
	echo "tests: unit tests, lint, documents, dashboards, rules and what is delivered"
	unit=(build/unit/test_*)
	run_suites "$unit_jobs" 300 ./tests/lint.sh ./tests/docs/check.sh ./tests/dashboards/check.sh \
		./tests/deploy/check.sh "${unit[@]}"
fi
if [ "$1" = all ]; then
	echo "tests: end to end, and the kernel matrix"
	# Downloads do not count against a suite's time limit.
	tests/vm/kernels.sh || true
	tests/prometheus3.sh || true
	# Three queues of suites share the CPUs. Native suites count system-wide calls, so they run one at a time. They mostly
	# wait, so the others yield to them. Calls in guests are invisible outside. Guests wait, too, so there is one more than
	# CPUs, but only once the suites that never wait have ended: until then, these hold its slot (vm/guest.sh).
	slots=$(($(nproc) + 1))
	cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter
	mkdir -p "$cache"
	exec 9> "$cache/slot.$slots"
	flock 9
	(
		renice -n 10 $BASHPID > /dev/null
		export GUEST_SLOTS=$slots # the native suites' own guest does not wait
		run_suites 5 "$suite_limit" tests/vm/conformance.sh tests/vm/systemd.sh tests/vm/presets.sh \
			tests/vm/container.sh tests/vm/advice.sh
	) 9>&- &
	(
		renice -n 19 $BASHPID > /dev/null
		run_suites 1 "$suite_limit" tests/fuzz/run.sh tests/deploy/kubernetes.sh
	) &
	exec 9>&-
	run_suites 1 "$suite_limit" tests/e2e/*.sh
	wait

	echo "longest suites:"
	sort -rn "$scores/times" | head -n 10 |
		while read -r wall cpu name; do
			printf '    %-32s %4d s, CPU %4d s\n' "$name" "$wall" "$cpu"
		done
	unused=$(listed_skips | cut -f 1 | grep -v -x -F -f "$scores/skips" | paste -s -d '|' | sed 's/|/", "/g')
	[ -z "$unused" ] || echo "tests/skips: no skip matches \"$unused\""
fi

reruns=("$GUEST_RERUNS"/*)
if [ ${#reruns[@]} -gt 0 ]; then
	echo "${#reruns[@]} guests ran again after stale code:"
	sed 's/^/    /' "${reruns[@]}"
fi
if [ ${#reruns[@]} -gt 1 ]; then
	echo "not ok stale code: more than one guest ran again"
	echo 0 1 0 >> "$scores/score"
fi
awk '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		if (skipped)
			printf "%d skipped, as told above\n", skipped
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}' "$scores/score"
