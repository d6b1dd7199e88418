#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs on this machine, in real time: the cost of a scrape for the exporter, by number of targets.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

# Nanoseconds of CPU time of all threads.
cpu_time() { # cpu_time PROCESS...
	local process
	for process; do
		cat "/proc/$process"/task/*/schedstat
	done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Over one connection, as Prometheus does it.
scrape() { # scrape TIMES [CURL ARGUMENTS]: bytes of the last body, and microseconds per scrape
	local urls i times=$1
	shift
	for ((i = 0; i < times; i++)); do
		urls="${urls:-} $url/metrics"
	done
	# shellcheck disable=SC2086 # words
	curl -sf -w '%{stderr}%{size_download} %{time_total}\n' "$@" $urls 2>&1 >/dev/null |
		awk '{ bytes = $1; sum += $2 } END { printf "%d %.0f\n", bytes, sum * 1e6 / NR }'
}

# The Accept header for a format.
accept_of() { # accept_of FORMAT
	case $1 in
	text) echo 'text/plain;version=0.0.4' ;;
	openmetrics) echo 'application/openmetrics-text;version=1.0.0' ;;
	protobuf) echo 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' ;;
	esac
}

# In each format, plain and with gzip.
format_costs() { # format_costs NAME SCRAPES
	local format encoding both before attacher bytes time scrapes=$2
	both=$(ps -o pid= --pid "$pid" --ppid "$pid")
	for format in text openmetrics protobuf; do
		for encoding in identity gzip; do
			set -- "$1" -H "Accept: $(accept_of $format)" -H "Accept-Encoding: $encoding"
			scrape $((scrapes / 10)) "${@:2}" >/dev/null
			# shellcheck disable=SC2086 # words
			before=$(cpu_time $both)
			attacher=$(cpu_time "$pid")
			read -r bytes time <<<"$(scrape "$scrapes" "${@:2}")"
			figure "$1/$format/$encoding/attacher" $((($(cpu_time "$pid") - attacher) / scrapes / 1000))
			# shellcheck disable=SC2086 # words
			figure "$1/$format/$encoding/cpu" $((($(cpu_time $both) - before) / scrapes / 1000))
			figure "$1/$format/$encoding/bytes" "$bytes"
			figure "$1/$format/$encoding/time" "$time"
		done
	done
}

scrape_cost() { # scrape_cost SCRAPES NAME ARGUMENTS...
	local scrapes=$1 name=scrape/$2 before
	shift 2
	before=$(microseconds)
	if ! start_exporter 120 "$@"; then
		figure "$name" - "$why"
		return
	fi
	figure "$name/start" $((($(microseconds) - before) / 1000))
	figure "$name" "$(metric 'retprobe_probe_attached[{]')"
	figure "$name/scrapes" "$scrapes"
	figure "$name/series" "$(curl -sf "$url/metrics" | grep -vc '^#')"
	format_costs "$name" "$scrapes"
	figure "$name/rss" "$(ps -o rss= --pid "$pid" --ppid "$pid" | awk '{ sum += $1 } END { print sum }')"
	figure "$name/cells" "$(metric retprobe_exporter_cell_bytes)"
	before=$(microseconds)
	stop TERM
	took=$((($(microseconds) - before) / 1000))
	figure "$name/stop" $took
}

figure kernel "$(uname -r)"
figure cpus "$(nproc)"
# The encoders by themselves.
build/bench_encode 10 100 1000 3000 10000 | while IFS=$'\t' read -r n series format cpu bytes gzip_cpu gzip_bytes; do
	name=encode/$n/$format
	figure "$name" "$series"
	figure "$name/cpu" "$cpu"
	figure "$name/bytes" "$bytes"
	figure "$name/gzip/cpu" "$gzip_cpu"
	figure "$name/gzip/bytes" "$gzip_bytes"
done
scrape_cost 200 'all system calls' 'syscall:*'
# By prefixes, since a configuration of names takes time to read.
while IFS=$'\t' read -r n scrapes glob; do
	if [ "${took:-0}" -gt 30000 ]; then
		figure "scrape/$n user functions" - \
			"detaching a tenth or so of them took $((took / 1000)) s: not run"
		continue
	fi
	scrape_cost "$scrapes" "$n user functions" "$PWD/build/bench_many:$glob"
done <<-'END'
	10	200	bench_many_000*
	100	200	bench_many_00*
	1,000	200	bench_many_0*
	3,000	100	bench_many_[012]*
	10,000	30	bench_many_*
END
