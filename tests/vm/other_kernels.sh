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
		scale:fallback.first,fallback.void,fallback.last,nobtf/6.12-arm64 \
		lockdown/6.12-arm64/lockdown=confidentiality scale/7-arm64 lifecycle/7-arm64 \
		events+spans/6.12-arm64 events+spans/7-arm64 events+spans/6.1-arm64 samples/7-arm64 callers:kretprobe/6.12-arm64 callers:kretprobe/7-arm64
	;;
x86)
	# Flavours are the same code: real-time kernels preempt everything, and cloud kernels have fewer drivers.
	causes=events+spans+samples+callers+filters
	some=conformance+conformance_edges:start,kretprobe,again
	edges=start,fexit,kprobe.session,kprobe.multi,kretprobe,small.fexit
	set -- limits:integrity/6.12/lockdown=integrity limits:nodebugfs/6.12/debugfs=off \
		limits:cgroup1/6.12/systemd.unified_cgroup_hierarchy=0 limits:nofprobe/6.1 scale:nobtf/6.12-nobtf \
		conformance:auto.mmap,auto.map/6.1-cloud conformance:auto.mmap,auto.map/6.12-cloud \
		conformance:auto.mmap,auto.percpu,auto.map+conformance_edges:$edges/6.12/preempt=full interrupts:fexit,kprobe/6.12 interrupts:fexit/6.1 \
		scale:many.auto,refused.kprobe.multi,nobtf/7 conformance:auto.mmap,auto.map/7-cloud $some/6.1-rt $some/7-rt $some/6.12-rt \
		conformance+conformance_edges:start,kprobe.session,again/6.18 lifecycle/5.10/possible_cpus=100 \
		scale:fallback.first,fallback.void,fallback.last,nobtf,many.auto+in_flight+waits+nfs/6.12 \
		cpus/6.12 samples+callers+filters/5.10 waits+nfs/5.10 tools/7 tools+waits+nfs/6.1 \
		events+spans+filters+syscalls/6.1 $causes/6.12 $causes+syscalls/7
	;;
'')
	echo "usage: other_kernels.sh arm64 | x86 | JOB..." >&2
	exit 2
	;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# As tests/run.sh: a planned test without a verdict has failed.
run_job() { # run_job JOB
	local code planned reported
	GUEST_SLOTS=${GUEST_SLOTS:-1} tests/vm/conformance.sh "$1" 2>&1 | tee "$work/job"
	code=${PIPESTATUS[0]}
	planned=$(awk '/^1\.\.[0-9]/ { n += substr($1, 4) } END { print n + 0 }' "$work/job")
	reported=$(grep -c -E '^(not )?ok ' "$work/job")
	echo "# $1: $(grep -c '^ok ' "$work/job") passed"
	if [ "$code" -ne 0 ] || [ "$planned" -eq 0 ] || [ "$planned" -gt "$reported" ]; then
		echo "not ok $1: $planned tests planned, $reported reported (exit code $code)"
	fi
}

# A kernel is SERIES/COMMAND LINE. Its verdicts are in a file of its own.
kernels=()
declare -A tests_of
for job; do
	kernel=${job#*/}
	[ -n "${tests_of[$kernel]:-}" ] || kernels+=("$kernel")
	tests_of[$kernel]+="${job%%/*} "
	run_job "$job" | tee -a "$work/${kernel//\//_}.log" | grep -v '^ok '
done

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter/kernels
count() { # count VERDICT FILE...
	cat "${@:2}" | grep -c "^$1 "
}
echo
echo '| kernel | version | tests | passed | failed | chosen by default |'
echo '|---|---|---|---|---|---|'
for kernel in "${kernels[@]}"; do
	log=$work/${kernel//\//_}.log
	tests=$(tr ' +' '\n\n' <<<"${tests_of[$kernel]}" | awk 'NF && !seen[$0]++ { printf "%s%s", comma, $0; comma = ", " }')
	default=$(sed -n "s/^# conformance .*: by default //p" "$log" | sed 's/, tracepoint.*//; s/.*/`&`/' | head -n 1)
	echo "| ${kernel/\//, } | $(cat "$cache/${kernel%%/*}/version") | $tests | $(count ok "$log") |" \
		"$(count 'not ok' "$log") | ${default:--} |"
done
echo "$(count ok "$work"/*.log) passed, $(count 'not ok' "$work"/*.log) failed"
[ "$(count 'not ok' "$work"/*.log)" -eq 0 ]
