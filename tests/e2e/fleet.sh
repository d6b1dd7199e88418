#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A simulated fleet: Prometheus 3 scrapes many nodes that a small server simulates from the pages of one real
# exporter. The tests:
# - No scrape fails, and Prometheus has every series.
# - The recording rules and the fleet dashboard have data of every node.
# - The dashboard finds the nodes that differ.
#
# Prints the cost, which is not checked.
#
#	fleet.sh [-n NODES] [-i INTERVAL] [-s SCRAPES] [-f classic|native] [ARGUMENTS OF THE EXPORTER...]
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=fleet
. tests/e2e/lib.sh

nodes=100 interval=10 scrapes=3 form=classic
while getopts n:i:s:f: option; do
	case $option in
	n) nodes=$OPTARG ;;
	i) interval=$OPTARG ;;
	s) scrapes=$OPTARG ;;
	f) form=$OPTARG ;;
	*)
		echo "usage: fleet.sh [-n NODES] [-i INTERVAL] [-s SCRAPES] [-f classic|native] [ARGUMENTS...]" >&2
		exit 2
		;;
	esac
done
shift $((OPTIND - 1))
if ! three=$(tests/prometheus3.sh --path 2> "$temp/fetch"); then
	echo "SKIP fleet: $(tail -n 1 "$temp/fetch")"
	exit 0
fi
libc=$(ldd /bin/sh | sed -n 's/.* => \(.*\/libc\.so[^ ]*\) .*/\1/p')

answers() { # answers PORT/PATH
	curl -s -f -m 5 -o /dev/null "http://127.0.0.1:$1"
}

# The port that the kernel chose, from a log.
port_in() { # port_in LOG
	sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$temp/$1.log" 2> /dev/null | grep .
}

# ---- a Prometheus without nodes yet; it starts in the meantime -----------------------------------

# Before 3.8, a flag enables native histograms. Since then, the configuration does.
settings='' flags=()
if [ "$form" = native ]; then
	flags=(--enable-feature=native-histograms)
	[ "$(printf '3.8\n%s\n' "$(cat "$three/version")" | sort -V | head -n 1)" != 3.8 ] ||
		settings='scrape_native_histograms: true'
fi
# One rule looks at every other minute. Here it looks twice a minute.
for rules in dashboards/retprobe.*.yaml; do
	sed 's/\[3h:2m\]/[3h:30s]/' "$rules" > "$temp/${rules##*/}"
done
cat > "$temp/prometheus.yml" <<END
global: {scrape_interval: ${interval}s, scrape_timeout: ${interval}s, evaluation_interval: ${interval}s}
rule_files: ["$temp/retprobe.*.yaml"]
scrape_configs:
  - job_name: retprobe
    $settings
    file_sd_configs: [{files: ["$temp/targets.json"], refresh_interval: 1s}]
END
echo '[]' > "$temp/targets.json"
# The port is chosen before the start, so another process can take it in between.
start_prometheus() {
	read -r prometheus_port < <(free_ports 1)
	"$three/prometheus" --config.file="$temp/prometheus.yml" --storage.tsdb.path="$temp/data" \
		--web.listen-address="127.0.0.1:$prometheus_port" --log.level=debug "${flags[@]}" \
		> "$temp/prometheus.log" 2>&1 &
	prometheus_pid=$!
	pids+=("$prometheus_pid")
}
prometheus_is_up() {
	kill -0 "$prometheus_pid" 2> /dev/null || start_prometheus
	answers "$prometheus_port/-/ready" && kill -0 "$prometheus_pid" 2> /dev/null
}
start_prometheus

# ---- one real exporter, and its page in each format ----------------------------------------------

# Only calls of our own program, as those of other programs are unknown. One function waits. Some calls of
# another fail with an unexpected error. no_such_function is for its alert.
cat > "$temp/retprobe.yaml" <<END
probes:
  - {syscalls: [getpgid, openat, clock_nanosleep], filter: comm == fleet}
  - {user: {object: "$libc", functions: getenv}, filter: comm == fleet}
END
own=
[ $# -gt 0 ] || own=yes
[ -z "$own" ] || set -- --config.file="$temp/retprobe.yaml"
set -- "$@" no_such_function

cat > "$temp/calls.py" <<'END'
import ctypes, os, time
libc = ctypes.CDLL(None)
with open("/proc/self/comm", "w") as comm:
    comm.write("fleet")
for i in range(1000):
    os.getpgid(0)
    libc.getenv(b"NO_SUCH_VARIABLE")
    os.close(os.open("/dev/null", os.O_RDONLY))
    try:
        os.open("/dev" if i % 10 == 0 else "/dev/null", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        pass
    time.sleep(1e-6)
    os.closerange(3, 20)
END

page() { # page FORMAT ACCEPT
	curl -s -f -m 20 -o "$temp/pages/$1" -H "Accept: $2" "http://127.0.0.1:$exporter_port/metrics" ||
		give_up "pages" "the exporter does not serve $1"
}

# Nanoseconds of CPU time of a process and its children.
cpu_time() { # cpu_time PID
	local process
	for process in $(ps -o pid= --pid "$1" --ppid "$1"); do
		cat "/proc/$process"/task/*/schedstat
	done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# The cost of a scrape for the exporter: requests as Prometheus makes them, over one connection.
exporter_cost() { # exporter_cost ACCEPT: microseconds of CPU
	local before urls times=100
	urls=$(yes "http://127.0.0.1:$exporter_port/metrics" | head -n $times)
	before=$(cpu_time "$exporter_pid")
	# shellcheck disable=SC2086 # words
	curl -s -f -m 60 -H "Accept: $1" -H 'Accept-Encoding: gzip' $urls > "$temp/discarded"
	echo $((($(cpu_time "$exporter_pid") - before) / times / 1000))
}

"$exporter" --web.listen-address=127.0.0.1:0 "$@" > "$temp/exporter.log" 2>&1 &
exporter_pid=$!
pids+=("$exporter_pid")
wait_for 120 port_in exporter > "$temp/port" || give_up "exporter" "it does not listen"
exporter_port=$(cat "$temp/port")
wait_for 120 answers "$exporter_port/-/ready" || give_up "exporter" "it does not answer"
python3 "$temp/calls.py" || give_up "calls" "the program that makes them failed"
mkdir "$temp/pages"
openmetrics='application/openmetrics-text;version=1.0.0'
protobuf='application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
page text 'text/plain;version=0.0.4'
page openmetrics "$openmetrics"
page protobuf "$protobuf"
# The nodes that differ from the others.
if [ -n "$own" ]; then
	counted=$(sed -n 's/^retprobe_returns_total{.*function="openat",outcome="\(ok\|error\)",.*} \(.*\)/\1 \2/p' \
		"$temp/pages/text" | paste -s -d ';')
	[ "$counted" = 'ok 0;ok 1900;error 100' ] || give_up "calls" "$counted"
fi
# Number of series per node. The durations of a function are one native histogram.
case $form in
native)
	series=$(grep -c -v -E '^(#|retprobe_duration_seconds_(bucket|sum))' "$temp/pages/openmetrics")
	cost=$(exporter_cost "$protobuf")
	;;
*)
	series=$(grep -c -v '^#' "$temp/pages/openmetrics")
	cost=$(exporter_cost "$openmetrics")
	;;
esac
kill "$exporter_pid"
wait "$exporter_pid"

# ---- the fleet -----------------------------------------------------------------------------------

python3 -B tests/e2e/fleet_server.py "$nodes" "$temp/pages" > "$temp/server.log" 2>&1 &
pids+=($!)
wait_for 60 port_in server > "$temp/port" || give_up "server" "it does not listen"
fleet_port=$(cat "$temp/port")

wait_for 60 prometheus_is_up || give_up "prometheus" "it does not answer"

resident() { # in KiB
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$prometheus_pid/status"
}
resident_before=$(resident) cpu_before=$(cpu_time $prometheus_pid)
seq 0 $((nodes - 1)) | jq -c -s --arg address "127.0.0.1:$fleet_port" 'map({targets: [$address],
	labels: {instance: "node-\(.)", __metrics_path__: "/node-\(.)/metrics"}})' > "$temp/targets.new"
mv "$temp/targets.new" "$temp/targets.json"

# ---- results -------------------------------------------------------------------------------------

python3 -B tests/e2e/fleet_check.py "http://127.0.0.1:$prometheus_port" "http://127.0.0.1:$fleet_port" \
	"$form" "$nodes" "$scrapes" "$interval" "$series" || failed=1
# Reasons of failed scrapes.
grep -F 'msg="Scrape failed"' "$temp/prometheus.log" | head -n 5 | sed 's/^/    /'
resident_after=$(resident) cpu_after=$(cpu_time $prometheus_pid)

curl -s -f -m 20 "http://127.0.0.1:$fleet_port/served" > "$temp/served"
curl -s -f -m 20 "http://127.0.0.1:$prometheus_port/api/v1/status/tsdb" > "$temp/tsdb"
# shellcheck disable=SC2016 # jq's
jq -r --slurpfile tsdb "$temp/tsdb" --arg form "$form" --argjson nodes "$nodes" --argjson cost "$cost" \
	--argjson each "$series" --argjson memory $(((resident_after - resident_before) * 1024)) \
	--argjson cpu $(((cpu_after - cpu_before) / 1000)) '
	$tsdb[0].data.headStats.numSeries as $series |
	"    \($nodes) nodes, \($each) series each with \($form) histograms; \($series) with what rules record",
	"    a scrape of a node: \(.bytes_plain / .scrapes | round) bytes, \(.bytes / .scrapes | round) with gzip; \($cost) us of CPU of the exporter",
	"    Prometheus: \($cpu / .scrapes | round) us of CPU a scrape, rules and queries included",
	"    Prometheus: \($memory / $series | round) bytes of memory a series, after \(.scrapes / $nodes | round) scrapes of each node"' \
	"$temp/served" || not_ok "figures" "they are missing"
exit $failed
