#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --config.watch: the configuration is reloaded when its file changes. The file is replaced as editors and the kubelet
# do it, is invalid, is removed, and is written slowly.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=watch
. tests/e2e/lib.sh
plan 9

many=$PWD/build/bench_many
calls=$PWD/build/workload
volume=$temp/volume # as the kubelet mounts a ConfigMap
config=$volume/retprobe.yaml

# A file with a probe that stays and the functions of $1.
probes() {
	echo "probes: [{user: {object: $calls, functions: workload_function}}, {user: {object: $many, functions: $1}}]"
}

revisions=0
# A new revision of the ConfigMap: all files are replaced by one rename.
publish() { # publish TEXT
	revisions=$((revisions + 1))
	mkdir -p "$volume/..revision$revisions"
	echo "$1" > "$volume/..revision$revisions/retprobe.yaml"
	ln -s "..revision$revisions" "$volume/..data_tmp"
	mv -T "$volume/..data_tmp" "$volume/..data"
	rm -rf "$volume/..revision$((revisions - 1))"
}

attached() { # attached FUNCTION: and no other of its program
	get /metrics "$temp/metrics" &&
		[ "$(sed -n "s|^retprobe_probe_attached{object=\"$many\",function=\"\(.*\)\",reason=\"\"} 1$|\1|p" \
			"$temp/metrics")" = "$1" ]
}
successful() { # successful 0|1
	get /metrics "$temp/metrics" && grep -q "^retprobe_exporter_config_last_reload_successful $1$" "$temp/metrics"
}
# Reloads so far, failed ones included.
reloads() {
	grep -c -e 'has been reloaded' -e 'stays as it was' "$temp/exporter.log"
}
verdict() { # verdict NAME CONDITION...
	local name=$1
	shift
	if "$@"; then
		ok "$name"
	else
		not_ok "$name" "$(reloads) reloads; $(tail -n 2 "$temp/exporter.log" | tr '\n' ' ')"
	fi
}
# The condition holds now, and after two more looks at the file there were that many reloads.
settles() { # settles RELOADS CONDITION...
	local expected=$1
	shift
	wait_for 10 "$@" && sleep 2.5 && "$@" && [ "$(reloads)" = "$expected" ]
}

publish "$(probes bench_many_0001)"
ln -s ..data/retprobe.yaml "$config"
launch "$temp/exporter.log" --config.file="$config" --config.watch && wait_ready 30 && attached bench_many_0001 ||
	give_up "start" "it does not start"
"$calls" user-function 2 100 7 > /dev/null

publish "$(probes bench_many_0002)"
verdict "the kubelet swaps its link: one reload" settles 1 attached bench_many_0002
verdict "other probes keep their counts" \
	grep -q '^retprobe_duration_seconds_count{.*function="workload_function"} 100$' "$temp/metrics"

publish "probes: [{functons: vfs_read}]"
verdict "an invalid file is tried once, and the metric says so" settles 2 successful 0
verdict "the old configuration stays" attached bench_many_0002

# A rename over the link: no longer the kubelet's.
probes bench_many_0003 > "$temp/new.yaml"
mv "$temp/new.yaml" "$config"
fixed() {
	attached bench_many_0003 && successful 1
}
verdict "a file that is renamed is read" settles 3 fixed

rm "$config"
verdict "a missing file is an error, once" settles 4 successful 0

# Each part in itself is a valid file with other probes.
for i in 4 5 6 7 8 9; do
	probes "bench_many_000$i" > "$config"
	sleep 0.5
done
verdict "a file that is being written is read when it is complete" settles 5 attached bench_many_0009

kill -HUP "$pid"
verdict "a reload by signal is no change of the file" settles 6 successful 1
stop_exporter

launch "$temp/exporter.log" --config.file="$config" && wait_ready 30 || give_up "start without" "it does not start"
probes bench_many_0001 > "$config"
verdict "without the flag, nothing is reloaded" settles 0 attached bench_many_0009
stop_exporter
exit $failed
