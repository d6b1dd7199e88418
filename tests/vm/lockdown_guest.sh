#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest with lockdown=confidentiality on its kernel command line: which probes work, and how the log
# explains the others. Writes results to $RESULTS for lockdown_check.py.
#
#	lockdown_guest.sh [CASE...]	a CASE is default, labels or syscall; default: all
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# The kernel has a mechanism for kernel functions.
case_default() {
	start_exporter
	get /metrics "$RESULTS/default" || fail "scrape"
	stop_exporter
}

# A label needs memory that programs must not read here. Only its probe is refused.
case_labels() {
	printf 'probes:\n  - functions: [vfs_unlink]\n  - {functions: [vfs_rename], labels: [comm]}\n' \
		>/tmp/labels.yaml
	start_exporter --config.file=/tmp/labels.yaml
	"$W" unlink-missing 1 10 >/dev/null
	: >/tmp/file
	rm /tmp/file
	get /metrics "$RESULTS/labels" || fail "scrape"
	stop_exporter
}

# expect_end NAME ARGS...: the exit code and the log of an exporter that does not start
expect_end() {
	timeout 200 "$BINARY" --web.listen-address=127.0.0.1:$PORT "${@:2}" 2>"$RESULTS/$1.log"
	echo $? >"$RESULTS/$1.exit"
}

case_syscall() {
	expect_end syscall syscall:getpgid
}

[ $# -gt 0 ] || set -- default labels syscall
for case; do
	"case_$case"
	echo "$case" >>"$RESULTS/cases"
done
exit 0
