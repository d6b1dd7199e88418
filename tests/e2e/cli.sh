#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The command line: exit codes, one useful line per mistake, and mistakes that do not stop the exporter. Runs
# natively, with system calls and user functions, which need no kprobes.
set -u
cd "$(dirname "$0")/../.." || exit 1
X=$PWD/build/retprobe_exporter
W=$PWD/build/workload
PORT=10498
work=$(mktemp -d)
exporter=
trap '[ -n "$exporter" ] && kill $exporter 2>/dev/null; rm -rf "$work"' EXIT
# Readable without root, wherever the tree is.
cp "$X" "$work/x" && chmod -R a+rX "$work"

echo 1..60
ok() { echo "ok cli $1"; }
not_ok() { echo "not ok cli $1: $2"; }

# expect NAME EXIT TEXT COMMAND...: checks the exit code, and for a single line on stderr with TEXT
expect() {
	local name=$1 code=$2 text=$3 got lines
	shift 3
	timeout 30 "$@" >"$work/out" 2>"$work/err"
	got=$?
	lines=$(grep -c . "$work/err")
	if [ $got -ne "$code" ]; then
		not_ok "$name" "exit $got, not $code: $(head -3 "$work/err")"
	elif [ -n "$text" ] && ! grep -qF -- "$text" "$work/err"; then
		not_ok "$name" "no \"$text\" in: $(head -3 "$work/err")"
	elif [ "$code" -eq 2 ] && [ "$lines" -ne 1 ]; then
		not_ok "$name" "$lines lines: $(cat "$work/err")"
	else
		ok "$name"
	fi
}

file() { # file NAME: writes stdin to a configuration file, and prints its path
	cat >"$work/$1.yaml"
	echo "$work/$1.yaml"
}

# ---- ten wrong command lines ----
expect "an unknown flag" 2 "--web.listen-address" "$X" --web.listen-adress=:1
expect "a flag without its value" 2 "--config.file" "$X" --config.file
expect "an unknown log level" 2 "debug" "$X" --log.level=loud
expect "a bad listen address" 2 "nowhere" "$X" --web.listen-address=nowhere vfs_read
expect "a bad size" 2 "12parsecs" "$X" --memory.limit=12parsecs vfs_read
expect "an unknown mechanism" 2 "kretprobe" "$X" --mechanism=kretprob vfs_read
expect "an unknown preset" 2 "vfs" "$X" --preset=vsf
expect "an empty function" 2 "ext4:" "$X" ext4:
expect "a glob in a list of alternatives" 2 "vfs_*|do_read" "$X" 'vfs_*|do_read'
expect "a file that is not there" 2 "$work/none.yaml" "$X" --config.file="$work/none.yaml"

# ---- ten wrong files ----
expect "an unknown key" 2 "key.yaml:2:5" "$X" --config.file="$(file key <<'Y'
probes:
  - funktions: [vfs_read]
Y
)"
expect "a duplicate key" 2 "twice.yaml:3:5" "$X" --config.file="$(file twice <<'Y'
probes:
  - functions: [vfs_read]
    functions: [vfs_write]
Y
)"
expect "bounds that do not ascend" 2 "order.yaml:1:" "$X" --config.file="$(file order <<'Y'
histograms: {buckets: [1, 0.5]}
probes: [{functions: vfs_read}]
Y
)"
expect "a bound that is no number" 2 "word.yaml:1:" "$X" --config.file="$(file word <<'Y'
histograms: {buckets: [one]}
probes: [{functions: vfs_read}]
Y
)"
expect "a resolution that does not exist" 2 "schema.yaml:1:" "$X" --config.file="$(file schema <<'Y'
histograms: {native_resolution: 9}
probes: [{functions: vfs_read}]
Y
)"
expect "a probe without targets" 2 "none.yaml:2:" "$X" --config.file="$(file none <<'Y'
probes:
  - mechanism: kretprobe
Y
)"
expect "an object that is no path" 2 "nginx" "$X" --config.file="$(file object <<'Y'
probes:
  - user: {object: nginx, functions: main}
Y
)"
expect "YAML that is none" 2 "broken.yaml:" "$X" --config.file="$(file broken <<'Y'
probes: [{functions: [vfs_read}
Y
)"
expect "a file without probes" 2 "empty.yaml" "$X" --config.file="$(file empty </dev/null)"
expect "two settings for one function" 2 "conflict.yaml:3:" "$X" --config.file="$(file conflict <<'Y'
probes:
  - {syscalls: openat, maxactive: 10}
  - {syscalls: openat, maxactive: 20}
Y
)"

# ---- errors at the start ----
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
expect "no root" 1 "CAP_BPF" "${as_nobody[@]}" "$work/x" syscall:getpgid
expect "the check needs no root" 0 "" "${as_nobody[@]}" "$work/x" --config.check syscall:getpgid
# Of the last command; it prints the plan.
if ! grep -qw bpf_task_storage_get /proc/kallsyms; then
	skip 1 "the check tells of memory by thread" "this kernel has no task storage"
elif grep -q 'up to [0-9]* bytes per thread' "$work/out"; then
	ok "the check tells of memory by thread"
else
	not_ok "the check tells of memory by thread" "$(cat "$work/out")"
fi
expect "strict: one misspelt name" 1 "getpgid" "$X" --config.strict syscall:getpgid \
	syscall:getpigd --web.listen-address=127.0.0.1:$PORT
expect "nothing to attach" 1 "nothing could be attached" "$X" syscall:getpigd \
	--web.listen-address=127.0.0.1:$PORT
expect "over the memory limit" 2 "--memory.limit" "$X" --memory.limit=1KiB syscall:getpgid \
	--web.listen-address=127.0.0.1:$PORT
expect "no sockets of systemd" 2 "socket unit" "$X" --web.systemd-socket syscall:getpgid
expect "a mechanism for other targets" 2 "uretprobe" "$X" --mechanism=uretprobe syscall:getpgid \
	--web.listen-address=127.0.0.1:$PORT

# A section header marks a Go binary. Go moves stacks, so no return probe is attached to it.
printf 'int main(void){return 0;}\n__attribute__((section(".go.buildinfo"))) char b[16]="x";\n' |
	gcc -x c - -o "$work/gobinary"
expect "a Go binary" 0 "" "$X" --config.check "$work/gobinary:main"
if grep -q "no return probe: it is a Go program" "$work/out"; then ok "a Go binary: no return probe"; else
	not_ok "a Go binary: no return probe" "$(cat "$work/out")"; fi

# ---- a misspelt name does not stop the others; a port in use ----
"$X" syscall:getpgid syscall:getpigd "$W:workload_function" \
	--web.listen-address=127.0.0.1:$PORT 2>"$work/log" &
exporter=$!
for _ in $(seq 600); do
	curl -sf -o "$work/ready" http://127.0.0.1:$PORT/-/ready && break
	sleep 0.1
done
curl -s http://127.0.0.1:$PORT/metrics >"$work/metrics"
if grep -q '^retprobe_probe_attached{object="syscall",function="getpigd",reason="not_found"} 0$' \
	"$work/metrics" &&
	grep -q '^retprobe_probe_attached{object="syscall",function="getpgid",reason=""} 1$' \
		"$work/metrics"; then
	ok "one misspelt name, the others attached"
else
	not_ok "one misspelt name, the others attached" "$(grep probe_attached "$work/metrics")"
fi
if [ "$(grep -c 'getpigd' "$work/log")" = 1 ] && grep 'getpigd' "$work/log" | grep -q 'getpgid'; then
	ok "one line with the nearest names"
else
	not_ok "one line with the nearest names" "$(cat "$work/log")"
fi
expect "a port that is taken" 1 ":$PORT" "$X" syscall:getpgid \
	--web.listen-address=127.0.0.1:$PORT
kill -TERM $exporter
wait $exporter
code=$?
exporter=
if [ $code = 0 ]; then ok "SIGTERM: exit 0"; else not_ok "SIGTERM: exit 0" "exit $code"; fi

# ---- a forced mechanism, and targets that appear later ----
attached() { # attached OBJECT: it has an attached probe
	curl -s http://127.0.0.1:$PORT/metrics | grep -q "^retprobe_probe_attached{object=\"$1\",.*,reason=\"\"} 1$"
}

for mechanism in tracepoint uretprobe; do
	rm -f "$work/later"
	"$X" --mechanism=$mechanism syscall:getpgid "$work/later:workload_function" \
		--web.listen-address=127.0.0.1:$PORT 2>"$work/log" &
	exporter=$!
	for _ in $(seq 600); do
		attached syscall && break
		sleep 0.1
	done
	cp "$W" "$work/later"
	for _ in $(seq 600); do
		attached "$work/later" && break
		sleep 0.1
	done
	if attached syscall && attached "$work/later"; then
		ok "--mechanism=$mechanism, and a program that comes later"
	else
		not_ok "--mechanism=$mechanism, and a program that comes later" "$(cat "$work/log")"
	fi
	kill -TERM $exporter
	wait $exporter
	exporter=
done

# ---- output ----
expect "--help" 0 "" "$X" --help
if grep -q -- '--config.file=' "$work/out"; then ok "--help lists the flags"; else
	not_ok "--help lists the flags" "$(head -3 "$work/out")"; fi
expect "--version" 0 "" "$X" --version
if grep -q '^retprobe_exporter, version ' "$work/out"; then ok "--version names it"; else
	not_ok "--version names it" "$(head -3 "$work/out")"; fi
expect "--probe.list" 0 "" "$X" '--probe.list=syscall:openat*'
if grep -qE '^syscall +openat ' "$work/out"; then ok "--probe.list lists"; else
	not_ok "--probe.list lists" "$(head -3 "$work/out")"; fi

# ---- output that cannot be written ----
for action in --help --version --config.check --probe.list=syscall:getpgid; do
	arguments=("$action")
	[ "$action" != --config.check ] || arguments+=(syscall:getpgid)
	"$X" "${arguments[@]}" >/dev/full 2>"$work/err"
	code=$?
	if [ $code = 1 ] && grep -q 'No space left on device' "$work/err"; then
		ok "$action to a full disk: exit 1"
	else
		not_ok "$action to a full disk: exit 1" "exit $code: $(head -3 "$work/err")"
	fi
done

# ---- symbols with terminal escapes ----
printf 'int f(void){return 1;}\nint g(void){return 2;}\nint main(void){return f()+g();}\n' |
	gcc -x c -O0 - -o "$work/evil"
objcopy --redefine-sym f=$'\e[31mred' --redefine-sym g=$'new\nline' "$work/evil"
for action in --config.check --probe.list; do
	if [ $action = --config.check ]; then set -- $action "$work/evil:*"; else set -- "$action=$work/evil:*"; fi
	"$X" "$@" >"$work/out" 2>"$work/err"
	if LC_ALL=C grep -q $'\e' "$work/out" || grep -q '^line' "$work/out" ||
		! grep -q -F '\u001b[31mred' "$work/out" || ! grep -q -F 'new\nline' "$work/out"; then
		not_ok "$action escapes names" "$(cat -v "$work/out" "$work/err")"
	else
		ok "$action escapes names"
	fi
done

# ---- the user's entries come first; exclusions apply to presets ----
plan() { "$X" --config.check "$@" >"$work/out" 2>"$work/err"; }

plan --config.file="$(file mine <<'Y'
presets: default-syscalls
probes: {syscalls: connect, labels: comm}
Y
)"
code=$?
if [ $code = 0 ] && [ "$(grep -c '^syscall  *connect ' "$work/out")" = 1 ] &&
	grep -A1 '^syscall  *connect ' "$work/out" | grep -q 'labels: comm'; then
	ok "an entry of one's own replaces a preset's"
else
	not_ok "an entry of one's own replaces a preset's" "exit $code: $(cat "$work/err" "$work/out")"
fi
excluded() { # excluded NAME ARGUMENT...: connect is not in the plan, openat is, and there is no warning
	local name=$1
	shift
	plan "$@"
	if grep -q '^syscall  *openat ' "$work/out" && ! grep -q '^syscall  *connect ' "$work/out" &&
		! grep -q level=warn "$work/err"; then
		ok "$name"
	else
		not_ok "$name" "$(cat "$work/err" "$work/out")"
	fi
}
excluded "an argument excludes from presets" --preset=default-syscalls '!syscall:connect'
excluded "presets: excludes" --config.file="$(file without <<<'presets: [default-syscalls, "!syscall:connect"]')"
excluded "bare strings are one list" --config.file="$(file bare <<<'probes: ["syscall:open*", "syscall:connect", "!syscall:connect"]')"
expect "an exclusion of nothing" 0 'excludes nothing' "$X" --config.check \
	--preset=default-syscalls '!conect'
if grep -q 'did you mean !syscall:connect?' "$work/err"; then ok "an exclusion of nothing: a hint"; else
	not_ok "an exclusion of nothing: a hint" "$(cat "$work/err")"; fi
expect "an exclusion from nothing" 2 "nothing to exclude it from" "$X" '!syscall:connect'
expect "--probe.list with patterns behind it" 0 "" "$X" --probe.list 'syscall:connec?' 'syscall:*openat'
if grep -qE '^syscall +openat ' "$work/out" && grep -qE '^syscall +connect ' "$work/out" &&
	! grep -qE '^syscall +read ' "$work/out"; then
	ok "--probe.list with patterns behind it: just these"
else
	not_ok "--probe.list with patterns behind it: just these" "$(head -5 "$work/out")"
fi

# ---- a glob that matches more than intended ----
c_library=$(ldd /bin/sh | awk '/libc\.so/ { print $3 }')
plan "$c_library:*" 'syscall:*'
functions=$(sed -n 's/^functions: \([0-9]*\) to attach (.*), in up to [0-9]* s; [0-9]* cannot be attached$/\1/p' "$work/out")
series=$(sed -n 's/^series: \([0-9]*\) at the start.*/\1/p' "$work/out")
if [ "${functions:-0}" -gt 1000 ] && [ "${series:-0}" -gt 100000 ] &&
	grep -q "level=warn .*$functions functions (.*) are $series series in each scrape" "$work/err"; then
	ok "a large plan: a warning with its numbers"
else
	not_ok "a large plan: a warning with its numbers" "$(grep level=warn "$work/err"; tail -3 "$work/out")"
fi
"$X" --config.check 'syscall:*' >"$work/both" 2>&1
lines=$(grep -c 'level=' "$work/both")
[ "$lines" -gt 1 ] && [ "$(grep -c '^ts=.* level=' "$work/both")" = "$lines" ] && ok "the log cuts no line of a plan" ||
	not_ok "the log cuts no line of a plan" "$(grep 'level=' "$work/both" | grep -v '^ts=')"
plan 'syscall:open*'
if grep -q level=warn "$work/err"; then not_ok "a small plan: no warning" "$(cat "$work/err")"; else
	ok "a small plan: no warning"; fi
