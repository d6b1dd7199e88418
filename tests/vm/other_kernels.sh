#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest tests on kernels that `make test` does not use, one guest at a time, with the totals of each kernel:
#
#	other_kernels.sh arm64			Debian's kernels for arm64; needs tests/deploy/cross.sh first
#	other_kernels.sh x86			other versions and flavours, and kernels that lack something
#	other_kernels.sh JOB...			these jobs; see conformance.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
both=conformance+conformance_edges
calls=conformance_labels+expressions
case "${1:-}" in
arm64)
	set -- $both/6.12-arm64 $both/7-arm64 $both/6.1-arm64 $calls/6.12-arm64 $calls/7-arm64 $calls/6.1-arm64 \
		lifecycle/7-arm64 scale/7-arm64 \
		scale:fallback.first,fallback.void,fallback.last,nobtf/6.12-arm64 \
		lockdown/6.12-arm64/lockdown=confidentiality
	;;
x86)
	set -- $both/6.18 $both/6.12-rt $both/6.12-cloud $both/7-rt $both/7-cloud $both/6.1-rt $both/6.1-cloud \
		limits:integrity/6.12/lockdown=integrity limits:nodebugfs/6.12/debugfs=off \
		limits:cgroup1/6.12/systemd.unified_cgroup_hierarchy=0 limits:nofprobe/6.1
	;;
'')
	echo "usage: other_kernels.sh arm64 | x86 | JOB..." >&2
	exit 2
	;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for job; do
	GUEST_SLOTS=${GUEST_SLOTS:-1} tests/vm/conformance.sh "$job" 2>&1 | tee -a "$log" | grep -v '^ok '
done
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter/kernels
echo
echo '| series | kernel | passed | failed | chosen by default |'
echo '|---|---|---|---|---|'
printf '%s\n' "$@" | cut -d / -f 2 | awk '!seen[$0]++' | while read -r series; do
	echo "| $series | $(cat "$cache/$series/version") | $(grep -c "^ok [a-z_]* $series " "$log") |" \
		"$(grep -c -E "^not ok ([^ ]*/${series}[:/]|[a-z_]* $series )" "$log") |" \
		"$(sed -n "s/^# conformance $series: by default //p" "$log" | head -n 1) |"
done
! grep -q '^not ok' "$log"
