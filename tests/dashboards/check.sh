#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks that the generated dashboards are current and keep the linter's rules, and that rules and alerts work.
# No exporter and no Prometheus runs: tests/e2e/dashboards.sh has those tests.
set -u
cd "$(dirname "$0")/../.." || exit 1
rules=(dashboards/retprobe.rules.yaml dashboards/retprobe.alerts.yaml)
tests=(tests/dashboards/rules_exporter_test.yaml tests/dashboards/rules_functions_test.yaml)

# verdict NAME OUTPUT CODE
verdict() {
	if [ "$3" -eq 0 ]; then
		echo "ok dashboards $1"
	else
		echo "not ok dashboards $1: $(tr '\n' ' ' <<< "$2")"
	fi
}

run() { # run NAME COMMAND...
	local name=$1 output
	shift
	output=$("$@" 2>&1)
	verdict "$name" "$output" $?
}

# Every alert has a test in which it fires and one in which it does not. tests/docs/links.py checks that it
# has a section.
complete() {
	local alert missing=''
	for alert in $(sed -n 's/^ *- alert: //p' "${rules[@]}"); do
		grep -h -A 2 "alertname: $alert\$" "${tests[@]}" | grep -q 'exp_alerts:\( &.*\)*$' ||
			missing+="$alert never fires; "
		grep -h -A 2 "alertname: $alert\>" "${tests[@]}" | grep -q 'exp_alerts: \[\]}*$' ||
			missing+="$alert is never over; "
	done
	[ -n "$alert" ] || missing="no alerts found"
	echo "$missing"
	[ -z "$missing" ]
}

# lint.py and panels_test.py print their own plans.
echo 1..4
run "are current" python3 -B dashboards/generate.py --check
if command -v promtool > /dev/null; then
	python3 -B tests/dashboards/lint.py dashboards/*.json ||
		echo "not ok dashboards lint: it ended badly"
	python3 -B tests/dashboards/panels_test.py dashboards/*.json ||
		echo "not ok dashboards joins: it ended badly"
	run "rules are valid" promtool check rules "${rules[@]}"
	run "rules do what they say" promtool test rules "${tests[@]}"
else
	for test in "rules are valid" "rules do what they say"; do
		echo "SKIP dashboards $test: promtool is not here: make deps"
	done
fi
run "alerts are tested" complete
