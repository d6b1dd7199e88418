#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Evaluates every expression of the dashboards, the documents and the recording rules in a real Prometheus. It
# scrapes two exporters on this machine. All expressions must have data. Runs once with classic and once with
# native histograms.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=dashboards
. tests/e2e/lib.sh

libc=$(ldd /bin/sh | sed -n 's/.* => \(.*\/libc\.so[^ ]*\) .*/\1/p')
# The dashboards use rates over 30 s here. No expression should lack data for longer.
patience=200
stats=/proc/sys/kernel/bpf_stats_enabled
stats_before=$(cat $stats 2> /dev/null)

# shellcheck disable=SC2317 # called by the trap
finish_all() {
	[ -z "$stats_before" ] || echo "$stats_before" > $stats
	finish
}
trap finish_all EXIT

ready() { # ready PORT
	$client get "$1" /-/ready > "$temp/answer"
}

wait_ready() { # wait_ready NAME PORT
	wait_for 60 ready "$2" || give_up "$1" "it does not answer"
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

# Data for the panels: calls that succeed, fail, return NULL or a size; labels, observed values, samples, tracepoints
# and spans; a function that does not exist; two probes of one function, of which
# one needs more label sets.
cat > "$temp/retprobe.yaml" <<END
probes:
  - syscalls: [getpgid, openat]
    in_flight: longer
    sample: {when: "outcome == error", per_second: 1}
  - functions: no_such_function
  - syscalls: read
    returns: size
    labels: [comm]
    keep: top
    observe: {asked: arg2}
    counters: [cpu-clock]
  - user: {object: $libc, functions: getenv}
    returns: pointer
    max_cpu: 50%
    split: cpu
    counters: [page-faults, context-switches]
  - user: {object: $libc, functions: getenv}
    probe: again
    returns: pointer
    labels: [{variable: str(arg0)}]
    max_series: 1
  - user: {library: libc.so.6, functions: gai_strerror}
  - tracepoint:sched:sched_switch
spans:
  - name: opening
    begin: {tracepoint: syscalls:sys_enter_openat, key: tid}
    end: {tracepoint: syscalls:sys_exit_openat, key: tid}
    outcome: ret
END
cat > "$temp/calls.py" <<'END'
import ctypes, os, time
libc = ctypes.CDLL(None)
zero = os.open("/dev/zero", os.O_RDONLY)
while True:
    os.getpgid(0)
    os.read(zero, 100)
    libc.getenv(b"NO_SUCH_VARIABLE")
    libc.getenv(b"ANOTHER_VARIABLE")
    for path in "/no/such/file", "/":  # ENOENT is expected, EISDIR is not
        try:
            os.open(path, os.O_WRONLY)
        except OSError:
            pass
    time.sleep(0.02)
END

# The page of a kube-state-metrics with one pod and one DaemonSet. This machine has neither: calls by python
# count as the pod's.
pod=6c1d8e42-3b7a-4c0f-8d2e-90ab12cd34ef
container=$(printf '5eed%.0s' {1..16})
mkdir "$temp/kube"
cat > "$temp/kube/metrics.txt" <<END
# TYPE kube_pod_info gauge
kube_pod_info{namespace="shop",pod="web-5x",uid="$pod",node="a",host_ip="10.0.0.1",host_network="false"} 1
# TYPE kube_daemonset_status_desired_number_scheduled gauge
kube_daemonset_status_desired_number_scheduled{namespace="retprobe",daemonset="retprobe-exporter"} 3
# TYPE kube_daemonset_status_number_ready gauge
kube_daemonset_status_number_ready{namespace="retprobe",daemonset="retprobe-exporter"} 2
# TYPE kube_pod_container_info gauge
kube_pod_container_info{namespace="shop",pod="web-5x",uid="$pod",container="web",container_id="containerd://$container"} 1
kube_pod_container_info{namespace="shop",pod="web-5x",uid="$pod",container="starting",container_id=""} 1
END

# One rule looks at every other minute. Here it looks twice a minute.
for rules in dashboards/retprobe.*.yaml; do
	sed 's/\[3h:2m\]/[3h:30s]/' "$rules" > "$temp/${rules##*/}"
done
read -r one two classic native kube < <(free_ports 5)
cat > "$temp/prometheus.yml" <<END
global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 5s}
rule_files: ["$temp/retprobe.*.yaml"]
scrape_configs:
  - job_name: retprobe
    static_configs: [{targets: ["127.0.0.1:$one", "127.0.0.1:$two"]}]
    metric_relabel_configs:
      - {source_labels: [comm], regex: "python.*", target_label: pod_uid, replacement: $pod}
      - {source_labels: [comm], regex: "python.*", target_label: container_id, replacement: "containerd://$container"}
  # There can be two of them.
  - job_name: kube-state-metrics
    honor_labels: true
    metrics_path: /metrics.txt
    static_configs: [{targets: ["127.0.0.1:$kube", "localhost:$kube"]}]
  # Has up, process_* and scrape_* as we do, and one instance is down.
  - job_name: prometheus
    static_configs: [{targets: ["127.0.0.1:$classic", "127.0.0.1:1"]}]
END

echo 1 > $stats || give_up "cost of programs" "kernel.bpf_stats_enabled cannot be set"
for port in $one $two; do
	"$exporter" --config.file="$temp/retprobe.yaml" \
		--web.listen-address="127.0.0.1:$port" > "$temp/exporter-$port.log" 2>&1 &
	pids+=($!)
done
python3 "$temp/calls.py" &
pids+=($!)
python3 -m http.server --bind 127.0.0.1 --directory "$temp/kube" "$kube" > "$temp/kube.log" 2>&1 &
pids+=($!)
wait_ready exporter "$one"
wait_ready exporter "$two"

# Documents with PromQL examples. recipes_check.py checks those of the recipes.
mapfile -t documents < <(grep -r -l -E --include='*.md' --exclude-dir=build --exclude-dir=.git '^```promql( native)?$' . |
	sort)
# Both at once: most of the time is spent waiting for data.
prometheus_with classic "$classic"
prometheus_with native "$native" --enable-feature=native-histograms
asking=()
for kind in classic native; do
	python3 -B tests/dashboards/queries.py $kind "http://127.0.0.1:${!kind}" $patience dashboards/*.json \
		"${documents[@]}" > "$temp/$kind.answers" &
	asking+=($!)
done
for kind in classic native; do
	wait "${asking[0]}" || echo "not ok dashboards $kind: it ended badly"
	asking=("${asking[@]:1}")
	cat "$temp/$kind.answers"
done
