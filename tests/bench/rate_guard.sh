#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: finds the kernel function that is called most often while files are read, by probing a few
# thousand at once. Then measures the same work with a probe on it, and after overload protection has paused
# the probe.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

# Rounds of reading the same files in ten seconds, in thousandths per second.
throughput() {
	local begin count=0 now
	begin=$(microseconds)
	while :; do
		cat /usr/include/*.h >/dev/null
		count=$((count + 1))
		now=$(microseconds)
		[ $((now - begin)) -lt 10000000 ] || break
	done
	echo $((count * 1000000000 / (now - begin)))
}

start_with() { # start_with MAX_RATE FUNCTION...: quoted for YAML
	local rate=$1
	shift
	printf 'defaults: {max_rate: %s}\nprobes:\n' "$rate" >"$scratch/c.yaml"
	printf '  - functions: %s\n' "$@" >>"$scratch/c.yaml"
	start_exporter 300 --config.file="$scratch/c.yaml" || {
		figure rate_guard/failed - "$why"
		exit 1
	}
}

# Prints function and calls, most calls first.
counts() {
	curl -sf "$url/metrics" |
		sed -n 's/^retprobe_duration_seconds_count{.*function="\([^"]*\)"} \(.*\)$/\2 \1/p' | sort -rn
}

figure kernel "$(uname -r)"
throughput >/dev/null # the files are cached now
figure rate_guard/before "$(throughput)" 'rounds of reading /usr/include/*.h, thousandths a second'
start_with 0 '"vfs_*"' '"security_*"' '"kmem_*"' '"kfree*"' '"kmalloc*"' '"__kmalloc*"' '"filemap_*"' '"folio_*"' \
	'"mod_*"' '"__mod_*"' '"lru_*"' '"dput*"' '"d_*"' '"lookup_*"' '"path_*"' '"fput*"' '"rw_*"' '"mutex_*"' \
	'"up_*"' '"down_*"' '"__cond_resched"' '"copy_*"' '"__check_*"' '"rcu_*"' '"hrtimer_*"' '"update_*"'
figure rate_guard/probed "$(metric 'retprobe_probe_attached[{]')" 'functions probed to find the hottest'
counts >"$scratch/a"
throughput >/dev/null
counts >"$scratch/b"
stop TERM
read -r rate name < <(awk 'NR == FNR { before[$2] = $1; next } { print int(($1 - before[$2]) / 10), $2 }' \
	"$scratch/a" "$scratch/b" | sort -rn)
figure rate_guard/function "$name" "$rate calls a second, with all of them probed"
start_with 0 "$name"
figure rate_guard/during "$(throughput)" "by $(metric "retprobe_probe_info" >/dev/null; curl -sf "$url/metrics" | sed -n 's/^retprobe_probe_info.*mechanism="\([^"]*\)".*/\1/p')"
figure rate_guard/rate $(($(counts | head -n 1 | cut -d ' ' -f 1) / 10)) 'calls a second, probed alone'
stop TERM
start_with 100 "$name"
for _ in 1 2 3 4 5; do
	throughput >/dev/null
	! curl -sf "$url/metrics" | grep -q 'reason="overload"} 0' || break
done
figure rate_guard/after "$(throughput)" "$(curl -sf "$url/metrics" | grep '^retprobe_probe_attached')"
stop TERM
