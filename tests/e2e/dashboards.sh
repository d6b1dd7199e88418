#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every expression of the dashboards and of the documents, and every recording rule, asked of a Prometheus
# that scrapes two exporters on this machine: none may be empty. Once with classic histograms, and once
# with native ones as soon as the exporter has them.
set -u
cd "$(dirname "$0")/../.." || exit 1

libc=$(ldd /bin/sh | sed -n 's/.* => \(.*\/libc\.so[^ ]*\) .*/\1/p')
# The dashboards' rates are over 30 s here; longer than any of them should be without data.
patience=120
stats=/proc/sys/kernel/bpf_stats_enabled
temp=$(mktemp -d)
pids=()
stats_before=$(cat $stats 2> /dev/null)

# shellcheck disable=SC2317 # called by the trap
finish() {
	trap '' HUP INT TERM
	[ -z "$stats_before" ] || echo "$stats_before" > $stats
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2> /dev/null
	wait
	rm -rf "$temp"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

give_up() {
	echo "not ok dashboards $1: $2"
	tail -n 15 "$temp"/*.log | sed 's/^/    /'
	exit 1
}

free_ports() {
	python3 - "$1" <<-'END'
	import socket, sys
	sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
	print(*(s.getsockname()[1] for s in sockets))
	END
}

# wait_ready NAME PORT
wait_ready() {
	local end=$((SECONDS + 60))
	until curl -s -f -m 5 -o /dev/null "http://127.0.0.1:$2/-/ready"; do
		[ $SECONDS -lt $end ] || give_up "$1" "it does not answer"
		sleep 0.5
	done
}

# prometheus_with KIND PORT FLAGS...
prometheus_with() {
	local kind=$1 port=$2
	shift 2
	prometheus --config.file="$temp/prometheus.yml" --storage.tsdb.path="$temp/$kind" \
		--web.listen-address="127.0.0.1:$port" --log.level=warn "$@" > "$temp/$kind.log" 2>&1 &
	pids+=($!)
	wait_ready "$kind prometheus" "$port"
}

speaks_protobuf() {
	curl -s -m 10 -o /dev/null -w '%{content_type}' "http://127.0.0.1:$1/metrics" -H \
		'Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' |
		grep -q protobuf
}

# What the panels are about: calls that succeed, fail, return NULL or a size; labels, observed values; a
# function that does not exist.
cat > "$temp/retprobe.yaml" <<END
probes:
  - syscalls: [getpgid, openat]
  - functions: no_such_function
  - syscalls: read
    returns: size
    labels: [comm]
    observe: {asked: arg2}
  - user: {object: $libc, functions: getenv}
    returns: pointer
END
cat > "$temp/calls.py" <<'END'
import ctypes, os, time
libc = ctypes.CDLL(None)
zero = os.open("/dev/zero", os.O_RDONLY)
while True:
    os.getpgid(0)
    os.read(zero, 100)
    libc.getenv(b"NO_SUCH_VARIABLE")
    try:
        os.open("/no/such/file", os.O_RDONLY)
    except OSError:
        pass
    time.sleep(0.005)
END

read -r one two classic native < <(free_ports 4)
cat > "$temp/prometheus.yml" <<END
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: ["$PWD/dashboards/retprobe.*.yaml"]
scrape_configs:
  - job_name: retprobe
    static_configs: [{targets: ["127.0.0.1:$one", "127.0.0.1:$two"]}]
END

echo 1 > $stats || give_up "cost of programs" "kernel.bpf_stats_enabled cannot be set"
for port in $one $two; do
	build/retprobe_exporter --config.file="$temp/retprobe.yaml" \
		--web.listen-address="127.0.0.1:$port" > "$temp/exporter-$port.log" 2>&1 &
	pids+=($!)
done
python3 "$temp/calls.py" &
pids+=($!)
wait_ready exporter "$one"
wait_ready exporter "$two"

# Those with examples of PromQL.
mapfile -t documents < <(grep -r -l --include='*.md' --exclude-dir=build --exclude-dir=.git '^```promql' . |
	sort)
prometheus_with classic "$classic"
python3 -B tests/dashboards/queries.py classic "http://127.0.0.1:$classic" $patience \
	dashboards/*.json "${documents[@]}" ||
	echo "not ok dashboards classic: it ended badly"
if speaks_protobuf "$one"; then
	prometheus_with native "$native" --enable-feature=native-histograms
	python3 -B tests/dashboards/queries.py native "http://127.0.0.1:$native" $patience \
		dashboards/*.json "${documents[@]}" || echo "not ok dashboards native: it ended badly"
else
	echo "SKIP dashboards native: the exporter does not serve native histograms"
fi
