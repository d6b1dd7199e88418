#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One state, served in every format. The reference parsers must find the same in all of them. So must the
# distribution's Prometheus (2.x) and version 3, with and without native histograms. The probes are system
# calls and a user function, which need no kprobes. Their filter selects the calls of our own program, which
# has ended by then.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=formats
. tests/e2e/lib.sh

libc=$(ldd /bin/sh | sed -n 's/.* => \(.*\/libc\.so[^ ]*\) .*/\1/p')

for python in python3 /usr/bin/python3 ''; do
	[ -z "$python" ] || ! "$python" -c 'import prometheus_client' 2> /dev/null || break
done
if [ -z "$python" ]; then
	echo "SKIP formats: python3-prometheus-client is not here: make deps"
	exit 0
fi
plan 3

answers() {
	curl -s -f -m 2 -o /dev/null "http://127.0.0.1:$1/-/ready"
}

# wait_for_answer PORT NAME
wait_for_answer() {
	local end=$((SECONDS + 60))
	until answers "$1"; do
		[ $SECONDS -lt $end ] || give_up "$2" "it does not answer"
		sleep 0.2
	done
}

# promtool_clean NAME COMMAND: promtool has no findings about the page
promtool_clean() {
	if "$2" check metrics < "$temp/page" > "$temp/promtool" 2>&1 && ! [ -s "$temp/promtool" ]; then
		ok "$1"
	else
		not_ok "$1" "it has complaints"
		sed 's/^/    /' "$temp/promtool"
	fi
}

# Calls with known counts and outcomes, and with durations from microseconds to 100 ms.
calls=2000
cat > "$temp/calls.py" <<'END'
import os, sys, time

open("/proc/self/comm", "w").write("formats")
for i in range(int(sys.argv[1])):
    os.getpgid(0)
    try:
        os.getpgid(2 ** 30 + i)
    except ProcessLookupError:
        pass
for exponent in range(20):
    for _ in range(20 - exponent):
        time.sleep(1e-6 * 1.8 ** exponent)
for _ in range(300):
    os.getloadavg()
END

# Prometheus 2.x prefers OpenMetrics to text. Requests through this proxy have no preference.
cat > "$temp/proxy.py" <<'END'
import http.server, sys, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with urllib.request.urlopen(sys.argv[2] + self.path, timeout=20) as answer:
            body = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", len(body))
            self.end_headers()
            self.wfile.write(body)
    def log_message(self, *arguments):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END

# job NAME PORT [SETTINGS]: a job of a Prometheus configuration
job() {
	printf -- '  - job_name: %s\n    static_configs: [{targets: ["127.0.0.1:%s"]}]\n' "$1" "$2"
	shift 2
	printf '    %s\n' "$@"
}

# start_prometheus PROGRAM NAME PORT [FLAGS...]: standard input has the jobs
start_prometheus() {
	local program=$1 name=$2 server_port=$3
	shift 3
	{
		printf 'global: {scrape_interval: 4s, scrape_timeout: 4s}\nscrape_configs:\n'
		cat
	} > "$temp/$name.yml"
	"$program" --config.file="$temp/$name.yml" --storage.tsdb.path="$temp/$name" \
		--web.listen-address="127.0.0.1:$server_port" --log.level=warn "$@" \
		> "$temp/$name.log" 2>&1 &
	pids+=($!)
}

read -r port proxy_port two_port two_native_port three_port < <(free_ports 5)

cat > "$temp/config.yaml" <<END
probes:
  - {syscalls: [getpgid, clock_nanosleep, swapoff], filter: comm == formats}
  - {user: {object: "$libc", functions: getloadavg}, filter: comm == formats}
END
"$exporter" --config.file="$temp/config.yaml" --web.listen-address="127.0.0.1:$port" \
	--web.openmetrics-created > "$temp/exporter.log" 2>&1 &
pids+=($!)
"$python" "$temp/proxy.py" "$proxy_port" "http://127.0.0.1:$port" > "$temp/proxy.log" 2>&1 &
pids+=($!)
wait_for_answer "$port" "the exporter"

start_prometheus prometheus two "$two_port" <<END
$(job 2-text "$proxy_port")
$(job 2-openmetrics "$port")
END
start_prometheus prometheus two_native "$two_native_port" --enable-feature=native-histograms <<END
$(job 2-protobuf "$port")
END
servers=("2-text=http://127.0.0.1:$two_port" "2-openmetrics=http://127.0.0.1:$two_port"
	"2-protobuf/only=http://127.0.0.1:$two_native_port")

if three=$(tests/prometheus3.sh --path 2> "$temp/fetch"); then
	# Before 3.8, a flag enables native histograms. Since then, the configuration does.
	native='always_scrape_classic_histograms: true'
	[ "$(printf '3.8\n%s\n' "$(cat "$three/version")" | sort -V | head -n 1)" != 3.8 ] ||
		native="$native"$'\n    scrape_native_histograms: true'
	start_prometheus "$three/prometheus" three "$three_port" \
		--enable-feature=native-histograms,created-timestamp-zero-ingestion <<-END
	$(job 3-text "$port" 'scrape_protocols: [PrometheusText0.0.4]')
	$(job 3-openmetrics "$port" 'scrape_protocols: [OpenMetricsText1.0.0]')
	$(job 3-protobuf "$port" 'scrape_protocols: [PrometheusProto]' "$native")
	END
	servers+=("3-text=http://127.0.0.1:$three_port" "3-openmetrics=http://127.0.0.1:$three_port"
		"3-protobuf/both=http://127.0.0.1:$three_port")
else
	skip 2 "Prometheus 3" "$(tail -n 1 "$temp/fetch")"
fi

"$python" "$temp/calls.py" $calls || give_up "calls" "the program that makes them failed"
curl -s -m 20 "http://127.0.0.1:$port/metrics" > "$temp/page"
counted=$(sed -n 's/^retprobe_returns_total{object="syscall",function="getpgid",\(.*\)} \(.*\)/\1 \2/p' \
	"$temp/page" | paste -s -d ';')
want='outcome="ok",value="0" 0;outcome="ok",value="positive" 2000;outcome="error",value="ESRCH" 2000'
if [ "$counted" = "$want" ]; then
	ok "calls are counted"
else
	give_up "calls are counted" "$counted"
fi

"$python" tests/e2e/formats.py pages "http://127.0.0.1:$port/metrics" tests/e2e/metrics.proto || failed=1
promtool_clean "promtool 2" promtool
[ -z "$three" ] || promtool_clean "promtool 3" "$three/promtool"
for server in "$two_port" "$two_native_port" ${three:+"$three_port"}; do
	wait_for_answer "$server" "prometheus"
done
"$python" tests/e2e/formats.py servers "http://127.0.0.1:$port/metrics" "${servers[@]}" || failed=1
if [ -z "$three" ]; then
	:
elif grep -q -i 'unknown.*created-timestamp' "$temp/three.log"; then
	skip 1 "times of creation" "Prometheus $(cat "$three/version") has another name for the feature"
else
	"$python" tests/e2e/formats.py created "http://127.0.0.1:$port/metrics" \
		"http://127.0.0.1:$three_port" 3-openmetrics 3-protobuf || failed=1
fi
exit $failed
