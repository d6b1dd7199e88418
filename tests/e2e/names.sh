#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Several names of one function: at one address, and through several paths of one file. Each requested name
# has all calls, with every mechanism. Reloads that add or remove names lose none.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=names
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP names: attaching needs root"
	exit 0
fi
plan 22
prog=$temp/prog
gcc -O1 -w -o "$prog" tests/e2e/names.c || give_up "the program" "it cannot be built"
ln "$prog" "$temp/hard"
ln -s prog "$temp/link"

start_exporter() { # start_exporter ARGS...: sets pid and url
	launch "$temp/exporter.log" --web.enable-lifecycle "$@" || return 1
	wait_for 60 curl -s -f -o "$temp/metrics" "$url/metrics"
}

# Prints "PATH:FUNCTION CALLS MISSED" for each, sorted, without the directory.
counts() {
	curl -s -f "$url/metrics" | python3 -c '
import re, sys
found = {}
for line in sys.stdin:
    m = re.match(r"retprobe_(duration_seconds_count|missed_total)\{(.*)\} (\S+)$", line)
    labels = dict(re.findall(r"(\w+)=\"([^\"]*)\"", m.group(2))) if m else {}
    if not m or labels["object"] == "_all":
        continue
    n = found.setdefault(labels["object"].replace(sys.argv[1] + "/", "") + ":" + labels["function"], [0, 0])
    n[m.group(1) == "missed_total"] += int(m.group(3))
print(*sorted(f"{name} {calls} {missed}" for name, (calls, missed) in found.items()), sep=", ")
' "$temp"
}

is() { # is TEST GOT WANT
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "$2, not $3; $(tail -n 3 "$temp/exporter.log")"; fi
}

run() { # run PROGRAM...
	for program in "$@"; do "$program" >"$temp/out"; done
}

names=("$prog:work" "$prog:work_too" "$temp/hard:work" "$temp/link:w*_too" "$prog:other")
for mechanism in auto uretprobe uprobe.multi uprobe.session uprobe.ret; do
	if ! start_exporter --mechanism=$mechanism "${names[@]}"; then
		grep -q 'this kernel has no' "$temp/exporter.log" || give_up "$mechanism" "it does not start"
		skip 1 "$mechanism" "$(tail -n 1 "$temp/exporter.log")"
		continue
	fi
	run "$prog" "$temp/hard"
	is "$mechanism: each name has all calls" "$(counts)" \
		"hard:work 200 0, link:work_too 200 0, prog:other 40 0, prog:work 200 0, prog:work_too 200 0"
	stop_exporter
done

# The messages.
"$exporter" --config.check "${names[@]}" >"$temp/plan" 2>&1
is "the plan says it" "$(grep -c "same function as $prog:work\$" "$temp/plan")" 3
is "memory is counted once" "$(grep -o '[0-9]* targets' "$temp/plan")" "2 targets"
start_exporter "${names[@]}"
curl -s "$url/api/v1/probes" >"$temp/probes"
is "the API says it" "$(python3 -c '
import json, sys
for p in json.load(sys.stdin)["probes"]:
    same = p["same_as"]
    print(p["function"], same and same["function"], sep="=", end=" ")
' <"$temp/probes")" "work=None work_too=work work=work work_too=work other=None "
run "$prog"
is "the filter takes any name" "$(curl -s "$url/metrics?function\[\]=work_too" | grep -c '^retprobe_duration_seconds_count{.*} 100$')" 2
is "the log says it" "$(grep -c '3 names are aliases of functions' "$temp/exporter.log")" 1
stop_exporter
if "$exporter" --config.check --config.file=/dev/stdin >"$temp/plan" 2>&1 <<-END; then
	probes:
	- {user: {object: $prog, functions: work}, labels: [comm]}
	- {user: {object: $temp/hard, functions: work_too}}
	END
	not_ok "exact names have to agree" "it is accepted"
else
	is "exact names have to agree" "$(grep -c "^.*:3:.*$temp/hard:work_too is the same function as $prog:work, and has other settings here than at .*:2:" "$temp/plan")" 1
fi

# Clones beside their function.
start_exporter "$prog:beside" "$prog:other"
run "$prog"
is "a function beside its clone" "$(counts)" "prog:beside 5 0, prog:other 20 0"
told="some callers call beside.constprop.0 instead, whose calls are not counted: add '$prog:beside.*' to count them"
is "the log tells of the clone" "$(grep -c "level=warn.*$prog:beside does not see all calls: $told" "$temp/exporter.log")" 1
is "the API tells of it" "$(curl -s "$url/api/v1/probes" | python3 -c '
import json, sys
print([p["uncounted"] for p in json.load(sys.stdin)["probes"]] == [sys.argv[1], None])' "$told")" True
is "the plan tells of it" "$("$exporter" --config.check "$prog:beside" 2>&1 | grep -c "^    $told\$")" 1
stop_exporter
start_exporter "$prog:beside" "$prog:beside.*"
run "$prog"
is "and with its clone" "$(counts)" "prog:beside 5 0, prog:beside.constprop.0 7 0"
is "nothing is told then" "$(grep -c 'does not see all calls' "$temp/exporter.log")" 0
stop_exporter

# Reloads.
reload() { # reload NAME...: the configuration has these
	local name
	{
		echo "probes:"
		for name in "$@"; do echo "- {user: {object: \"$temp/${name%:*}\", functions: \"${name##*:}\"}}"; done
	} >"$temp/config.yml"
	[ -z "${url-}" ] || curl -s -m 60 -o "$temp/answer" -X POST "$url/-/reload"
}
url=
reload prog:work
start_exporter --config.file="$temp/config.yml"
run "$prog"
reload prog:other prog:work hard:work_too
run "$prog"
is "a second name is added" "$(counts)" "hard:work_too 200 0, prog:other 20 0, prog:work 200 0"
reload hard:work_too
run "$prog"
is "the first is removed" "$(counts)" "hard:work_too 300 0"
reload prog:w\* hard:work_too
run "$prog"
is "a glob is added" "$(counts)" "hard:work_too 400 0, prog:work 400 0, prog:work_too 400 0"
# One path gets another file: the others go on.
cp "$prog" "$temp/new"
mv "$temp/new" "$temp/hard"
replaced() { counts | grep -q 'hard:work_too 0 0'; }
wait_for 30 replaced
run "$prog" "$temp/hard" "$temp/hard"
is "a path is replaced" "$(counts)" "hard:work_too 200 0, prog:work 500 0, prog:work_too 500 0"
stop_exporter

# Two containers from one image.
layers=$temp/layers
mkdir -p "$layers"/{low,u1,w1,m1,u2,w2,m2}
cp "$prog" "$layers/low/prog"
cp --preserve=all "$layers/low/prog" "$layers/low/twin"
mount_both() {
	mount -t tmpfs none "$layers/u1" && mkdir "$layers"/u1/{u1,w1,u2,w2} &&
		mount -t overlay -o "lowerdir=$layers/low,upperdir=$layers/u1/u1,workdir=$layers/u1/w1" none "$layers/m1" &&
		mount -t overlay -o "lowerdir=$layers/low,upperdir=$layers/u1/u2,workdir=$layers/u1/w2" none "$layers/m2"
}
if ! mount_both 2>"$temp/mount"; then
	skip 1 "two containers" "there is no overlayfs: $(head -n 1 "$temp/mount" 2>/dev/null)"
else
	start_exporter "$layers/m1/prog:work" "$layers/m2/prog:work" "$layers/m2/twin:work" "$layers/low/prog:work_too"
	run "$layers"/{m1,m2,low}/prog "$layers/low/twin"
	is "two containers of one image" "$(counts)" \
		"layers/low/prog:work_too 300 0, layers/m1/prog:work 300 0, layers/m2/prog:work 300 0, layers/m2/twin:work 100 0"
	stop_exporter
fi
umount -l "$layers/m1" "$layers/m2" "$layers/u1" 2>/dev/null
exit $failed
