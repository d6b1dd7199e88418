#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: each test in turn, with $RESULTS/TEST for its results. See conformance.sh.
#
#	tests_guest.sh TEST[:CASE,...]...
set -u
cd "$(dirname "$0")/../.." || exit 1
results=$RESULTS failed=0
for test; do
	name=${test%%:*} cases=()
	[[ $test != *:* ]] || IFS=, read -r -a cases <<<"${test#*:}"
	export RESULTS=$results/$name
	mkdir -p "$RESULTS"
	echo "# $name"
	"tests/vm/${name}_guest.sh" "${cases[@]}"
	code=$?
	echo $code >"$RESULTS/exit_code"
	[ $code -eq 0 ] && continue
	failed=1
	# A failed test leaves its exporter running. On this machine, other exporters may be running.
	[ -z "${GUEST:-}" ] || pkill -KILL -x retprobe_export
done
exit $failed
