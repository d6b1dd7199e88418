#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the tests and counts them: run.sh check (no root, no virtual machine) or run.sh all.
#
# A suite is a program that prints a line for each of its tests: `ok NAME`, `not ok NAME: why`,
# `SKIP NAME: why`, or TAP. A suite that ends badly without having said `not ok`, or that says less
# than it announced, or nothing, is one more failure. The output of suites that fail is
# shown, but for their `ok` lines.
# The last line is `N passed, N failed`.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -u
cd "$(dirname "$0")/.." || exit 1

unit_jobs=$(nproc)
suite_limit=4500

# count LOG CODE: prints passed, failed, skipped, and in words what is wrong with the suite itself.
count() {
	tr -d '\r' < "$1" | awk -v code="$2" '
		/^1\.\.[0-9]+/ { planned += substr($1, 4) }
		/^ok .*# SKIP/ || /^SKIP / { skipped++; next }
		/^not ok / { failed++; next }
		/^ok / { passed++ }
		END {
			total = passed + failed + skipped
			if (total == 0)
				wrong = "no test reported (exit code " code ")"
			else if (planned > total)
				wrong = "only " total " of " planned " tests reported (exit code " code ")"
			else if (code != 0 && failed == 0)
				wrong = "exit code " code " though no test failed"
			if (code == 124)
				wrong = "time is up"
			print passed + 0, failed + (wrong != ""), skipped + 0, wrong
		}'
}

# run_suite LIMIT COMMAND: runs it, prints its summary in one piece, and keeps the score.
run_suite() {
	local log start code passed failed skipped wrong name=$2
	name=${name#./} name=${name#build/}
	log=$scores/$(tr / _ <<< "$name").log
	start=$SECONDS
	{
		CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$1" "$2" < /dev/null
		code=$?
	} > "$log" 2>&1
	read -r passed failed skipped wrong < <(count "$log" $code)
	echo "$passed $failed $skipped" >> "$scores/score"
	{
		printf '%-32s %4d passed, %d failed' "$name" "$passed" "$failed"
		[ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped"
		printf ' (%d s)\n' $((SECONDS - start))
		if [ "$failed" -gt 0 ]; then
			[ -z "$wrong" ] || echo "    $name: $wrong"
			grep -v '^ok ' "$log" | sed 's/^/    /'
		elif [ "$skipped" -gt 0 ]; then
			grep -E '^SKIP |# SKIP' "$log" | sed 's/^/    /'
		fi
	} > "$log.summary"
	flock "$scores/score" cat "$log.summary"
}

# run_suites JOBS LIMIT COMMAND...: those that exist and can be executed.
run_suites() {
	local jobs=$1 limit=$2 suite
	shift 2
	# shellcheck disable=SC2016 # the inner shell is to expand them
	for suite; do
		[ ! -x "$suite" ] || printf '%s\n' "$suite"
	done | xargs -r -d '\n' -P "$jobs" -I SUITE bash -c 'run_suite "$0" "$1"' "$limit" SUITE
}

export -f run_suite count
scores=$(mktemp -d)
export scores
trap 'rm -rf "$scores"' EXIT
trap 'exit 130' HUP INT TERM
: > "$scores/score"

case "${1:-}" in
check | all) ;;
*)
	echo "usage: tests/run.sh check|all" >&2
	exit 2
	;;
esac

echo "tests: unit tests, lint, documents, dashboards, rules and what is delivered"
shopt -s nullglob
unit=(build/unit/test_*)
run_suites "$unit_jobs" 300 ./tests/lint.sh ./tests/docs/check.sh ./tests/dashboards/check.sh \
	./tests/deploy/check.sh "${unit[@]}"
if [ "$1" = all ]; then
	echo "tests: end to end, and the kernel matrix"
	# What has to be fetched is fetched before the clock of a suite runs.
	tests/vm/kernels.sh || true
	tests/prometheus3.sh || true
	# One after the other: they count what this machine does.
	run_suites 1 "$suite_limit" tests/fuzz/run.sh tests/e2e/*.sh tests/deploy/kubernetes.sh \
		tests/deploy/arm64.sh &
	native=$!
	# What guests do does not show there; they share the CPUs.
	GUEST_SLOTS=$(nproc)
	# A guest that died as it ran stale code runs again, once in a run: a fault in how probes patch the
	# kernel would look the same, but would come back.
	GUEST_RERUNS=$scores/reruns
	mkdir "$GUEST_RERUNS"
	export GUEST_SLOTS GUEST_RERUNS
	run_suites 4 "$suite_limit" tests/vm/conformance.sh tests/vm/presets.sh tests/vm/systemd.sh tests/vm/advice.sh \
		tests/vm/container.sh
	wait "$native"
	reruns=("$GUEST_RERUNS"/*)
	[ ${#reruns[@]} -eq 0 ] || { echo "${#reruns[@]} guests ran again after stale code:" && cat "${reruns[@]}"; }
	[ ${#reruns[@]} -lt 2 ] || echo "0 1 0" >> "$scores/score"
fi

awk '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		if (skipped)
			printf "%d skipped, as told above\n", skipped
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}' "$scores/score"
