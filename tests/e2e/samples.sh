#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Samples of user functions and system calls: each call that matches is a sample or counted as dropped. Kernel functions:
# tests/vm/samples_guest.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=samples
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

plan 23
# As root or not: nothing is attached.
for when in "comm == sh" "duration > 1s || uid == 0"; do
	printf 'probes: [{syscalls: getsid, sample: {when: "%s"}}]' "$when" >"$temp/bad.yaml"
	"$exporter" --config.check --config.file="$temp/bad.yaml" >"$temp/bad.log" 2>&1
	[ $? -eq 2 ] && grep -q 'bad.yaml:1:44: .*\(not known when the call returns\|cannot be alternatives\)' "$temp/bad.log" &&
		ok "no sample when $when" || not_ok "no sample when $when" "$(cat "$temp/bad.log")"
done
bad_show() { # bad_show SHOW TEXT
	printf 'probes: [{syscalls: getsid, sample: {show: %s}}]' "$1" >"$temp/bad.yaml"
	"$exporter" --config.check --config.file="$temp/bad.yaml" >"$temp/bad.log" 2>&1
	[ $? -eq 2 ] && grep -q "$2" "$temp/bad.log"
}
bad_show '{a: "ret->x"}' '1:48: .*ret' && bad_show '{a: pid, 1b: pid}' 'cannot name a shown value' &&
	bad_show '{a: "*ret"}' '1:48: ' && ok "what cannot be shown" || not_ok "what cannot be shown" "$(cat "$temp/bad.log")"
if [ "$(id -u)" -ne 0 ]; then
	skip 18 "of calls" "attaching needs root"
	exit 0
fi

function="{user: {object: $PWD/build/page_calls, functions: page_call}, returns: long, labels: [comm]"
configure() { # configure SAMPLE
	printf 'probes:\n  - %s, sample: %s}\n  - {syscalls: [sched_rr_get_interval], labels: [comm], sample: %s}\n' \
		"$function" "$1" '{when: "outcome == error", per_second: 1000000}' >"$temp/samples.yaml"
}

start() { # start SAMPLE
	configure "$1"
	launch "$temp/exporter.log" --config.file="$temp/samples.yaml" && wait_ready 60 ||
		give_up "the exporter" "it is not ready"
}

# The sum of the series of a metric whose labels match.
sum() { # sum METRIC REGEX
	get /metrics "$temp/metrics" && awk -v name="$1" -v labels="$2" \
		'index($0, name "{") == 1 && $0 ~ labels { n += $NF } END { print n + 0 }' "$temp/metrics"
}

reload() { # reload NUMBER: it is that reload of this exporter
	have_reloaded() {
		[ "$(grep -c 'configuration has been reloaded' "$temp/exporter.log")" -ge "$1" ]
	}
	kill -HUP "$pid"
	wait_for 60 have_reloaded "$1" || give_up "reload" "nothing happens"
}

call() { # call RESULT COUNT [USECS]
	build/page_calls x "$@"
}

# Whether an expression over s, the samples of a query, is true.
holds() { # holds QUERY EXPRESSION
	get "/api/v1/samples?$1" "$temp/samples.json" && python3 -c '
import json, re, sys
s = json.load(open(sys.argv[1]))["samples"]
sys.exit(not eval(sys.argv[2]))' "$temp/samples.json" "$2" 2>/dev/null
}

check() { # check NAME COMMAND...
	"${@:2}" && ok "$1" || not_ok "$1" "$(grep -h '^retprobe_samples' "$temp/metrics"; head -c 2000 "$temp/samples.json")"
}

# ---- the law -------------------------------------------------------------------------------------
is() { # is NUMBER NUMBER
	[ "$1" = "$2" ]
}

start '{when: ret == 7, per_second: 1000000}'
call 1 50000 & call 7 500 && call 7 500
wait $!
samples=$(sum retprobe_samples_total page_call) dropped=$(sum retprobe_samples_dropped_total page_call)
check "1,000 calls match" is $((samples + dropped)) 1000
check "all calls are counted" is "$(sum retprobe_duration_seconds_count page_call)" 51000
check "none is dropped for its rate" is "$(sum retprobe_samples_dropped_total 'page_call.*rate')" 0
check "the newest first" holds 'function=page_call&limit=20' \
	'len(s) == 20 and all(x["ret"] == 7 for x in s) and [x["sample"] for x in s] == sorted((x["sample"] for x in s), reverse=True)'
stop_exporter

start '{when: "duration > 5ms", per_second: 5}'
call 0 5000 & call 3 40 10000
wait $!
slow=$(($(sum retprobe_duration_seconds_count page_call) - $(sum retprobe_duration_seconds_bucket 'page_call.*le="0.005"')))
samples=$(sum retprobe_samples_total page_call) dropped=$(sum retprobe_samples_dropped_total page_call)
check "slow calls are samples or dropped" is $((samples + dropped)) $slow
[ "$dropped" -gt 0 ] && [ "$samples" -gt 0 ] && [ "$slow" -ge 40 ] && ok "per_second drops some" ||
	not_ok "per_second drops some" "$samples samples, $dropped dropped of $slow"

# ---- contents ------------------------------------------------------------------------------------
python3 -c '
import ctypes, os, platform
number = 148 if platform.machine() == "x86_64" else 127
open("/proc/self/comm", "w").write("sampled")
ctypes.CDLL(None).syscall(number, -1, 0)
print(os.getpid())' >"$temp/tid"
tid=$(cat "$temp/tid")
check "a failed system call" holds function=sched_rr_get_interval \
	"[(x['pid'], x['tid'], x['comm'], x['labels'], x['outcome'], x['value'], x['ret'], x['object']) for x in s if x['pid'] == $tid] == [
	($tid, $tid, 'sampled', {'comm': 'sampled'}, 'error', 'EINVAL', -22, 'syscall')]"
check "its stack" holds function=sched_rr_get_interval "any('do_syscall_64' in f or 'el0_svc' in f for f in s[0]['stack'])"

# ---- exemplars -----------------------------------------------------------------------------------
# In each Prometheus, from text, and from protobuf with native histograms.
# Whether it has the failed call's sample, with the number and the duration that the exporter shows.
has_exemplar() { # has_exemplar PORT METRIC
	curl -s -f -m 10 -G --data-urlencode "query=$2{function=\"sched_rr_get_interval\"}" \
		--data-urlencode start=$((now - 600)) --data-urlencode end=$((now + 600)) \
		"http://127.0.0.1:$1/api/v1/query_exemplars" >"$temp/exemplars" && python3 - "$temp" "$tid" <<-'END'
	import json, sys
	found = [(e["labels"], e["value"], s["seriesLabels"]["comm"])
	         for s in json.load(open(sys.argv[1] + "/exemplars"))["data"] for e in s["exemplars"]]
	sample = next(s for s in json.load(open(sys.argv[1] + "/samples.json"))["samples"] if s["pid"] == int(sys.argv[2]))
	want = {"sample": str(sample["sample"]), "pid": sys.argv[2], "comm": "sampled"}
	sys.exit(not any(labels == want and float(value) == sample["duration"] and comm == "sampled"
	                 for labels, value, comm in found))
	END
}

check_exemplars() { # check_exemplars NAME PROMETHEUS METRIC FLAGS...: with $job
	local port
	read -r port < <(free_ports 1)
	printf 'global: {scrape_interval: 1s}\nscrape_configs: [{job_name: x, %s static_configs: [{targets: ["%s"]}]}]\n' \
		"$job" "${url#http://}" >"$temp/prometheus.yml"
	"$2" --config.file="$temp/prometheus.yml" --storage.tsdb.path="$temp/$1" --web.listen-address="127.0.0.1:$port" \
		--log.level=warn "${@:4}" >"$temp/prometheus-$1.log" 2>&1 &
	pids+=($!)
	wait_for 60 has_exemplar "$port" "$3" && ok "$1 has the exemplar" ||
		not_ok "$1 has the exemplar" "$(head -c 1000 "$temp/exemplars")"
	grep -i exemplar "$temp/prometheus-$1.log" >"$temp/complaints" && not_ok "$1 has no complaints" "$(cat "$temp/complaints")" ||
		ok "$1 has no complaints"
	kill "${pids[-1]}"
}

now=$(date +%s) job=
holds function=sched_rr_get_interval True
if command -v prometheus >/dev/null; then
	check_exemplars prometheus prometheus retprobe_duration_seconds_bucket --enable-feature=exemplar-storage
else
	skip 2 "exemplars" "prometheus is not here: make deps"
fi
if three=$(tests/prometheus3.sh --path 2>"$temp/fetch"); then
	check_exemplars prometheus3 "$three/prometheus" retprobe_duration_seconds_bucket --enable-feature=exemplar-storage
	# Without classic buckets, 3.5 reads exemplars of a family's first series only.
	job='always_scrape_classic_histograms: true,'
	check_exemplars native "$three/prometheus" retprobe_duration_seconds \
		--enable-feature=exemplar-storage,native-histograms
else
	skip 4 "exemplars" "$(tail -n 1 "$temp/fetch")"
fi

# ---- who keeps them ------------------------------------------------------------------------------
kept="any(x['pid'] == $tid for x in s)"
pkill -KILL -P "$pid" # the server
wait_for 20 holds function=sched_rr_get_interval "$kept" && ok "a new server has them" || not_ok "a new server has them" "lost"
configure '{when: ret == 9, per_second: 5}'
reload 1
call 9 1
check "a reload keeps them" holds '' "$kept and s[0]['function'] == 'page_call' and s[0]['ret'] == 9"

# ---- shown values --------------------------------------------------------------------------------
# Of parameters and of the result, beside what is measured; text of a system call whose page the call itself brings in.
cat >"$temp/samples.yaml" <<-END
	probes:
	  - user: {object: $PWD/build/page_calls, functions: page_call}
	    returns: long
	    split: cpu
	    sample:
	      when: ret > 0
	      stacks: []
	      show: {text: "str(arg0)", number: arg1, low: "ret & 3", result: ret, who: comm, task: pid}
	  - syscalls: [openat]
	    filter: ["comm == shown"]
	    sample: {when: outcome == error, per_second: 1000, show: {file: "str(filename)", bits: "flags & 3", result: ret}}
END
reload 2
call 7 3 && call -7 3
check "shown values of a user function" holds 'function=page_call&limit=1' \
	"s[0]['show'] == {'text': 'x', 'number': '7', 'low': '3', 'result': '7', 'who': 'page_calls', 'task': str(s[0]['pid'])}"
python3 -c '
import mmap, os
open("/proc/self/comm", "w").write("shown")
with open("/etc/passwd") as other:
    pass
import ctypes
names = open("'"$temp"'/names", "w+b")
names.write(b"/no/such/file\0".ljust(4096, b"\0"))
names.flush()
page = mmap.mmap(names.fileno(), 4096, mmap.MAP_PRIVATE)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
ctypes.CDLL(None, use_errno=True).openat(-100, ctypes.c_void_p(address), os.O_WRONLY)'
check "and of a system call" holds function=openat "s[0]['show'] == {'file': '/no/such/file', 'bits': '1', 'result': '-2'}"

# ---- user stacks ---------------------------------------------------------------------------------
configure '{when: ret > 0, per_second: 100, stacks: [user]}'
reload 3
# uprobe.ret sees the return in the function, others where it returns to.
named="re.fullmatch(r'(page_call|main)\+0x[0-9a-f]+ \[.*/page_calls\]', s[-1]['user_stack'][0])"
call 10 2 2000000 # it still runs for two seconds when its first sample is taken
wait_for 20 holds 'function=page_call&limit=2' \
	"$named and [x['ret'] for x in s] == [10, 10] and not s[-1]['user_stack_error'] and not s[-1]['stack']" &&
	ok "a user stack" || not_ok "a user stack" "$(head -c 1000 "$temp/samples.json")"
call 11 1
wait_for 20 holds 'function=page_call&limit=1' "$named and s[0]['ret'] == 11" &&
	ok "its file is known when the process has ended" ||
	not_ok "its file is known when the process has ended" "$(head -c 1000 "$temp/samples.json")"
stop_exporter
exit $failed
