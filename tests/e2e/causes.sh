#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Errors that depend on the machine: the message has the cause, and not "run as root". Runs natively, as root.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=causes
. tests/e2e/lib.sh
plan 16
read -r port < <(free_ports 1)
x=("$exporter" "--web.listen-address=127.0.0.1:$port")

# ends NAME CODE TEXT COMMAND...: checks the exit code, and TEXT in the last line
ends() {
	local name=$1 code=$2 text=$3 got
	shift 3
	timeout 100 "$@" > "$temp/out" 2> "$temp/err"
	got=$?
	if [ $got -eq "$code" ] && tail -n 1 "$temp/err" | grep -q -F -- "$text"; then
		ok "$name"
	else
		not_ok "$name" "exit $got: $(tail -n 3 "$temp/err")"
	fi
}

# ---- descriptors ----
ends "few descriptors" 1 'EMFILE: 28 open files are not enough' prlimit --nofile=28 "${x[@]}" syscall:getpgid
if grep -q 'run as root' "$temp/err"; then
	not_ok "few descriptors: root is not the cure" "$(cat "$temp/err")"
else
	ok "few descriptors: root is not the cure"
fi
# The documented requirements suffice to load, plus a few descriptors for the links, the server and its
# sockets.
needed=$(sed -n 's/.*about \([0-9]*\) are needed.*/\1/p' "$temp/err")
prlimit --nofile=$((${needed:-0} + 32)) "${x[@]}" syscall:getpgid 2> "$temp/exporter.log" &
pids+=($!)
if [ -n "$needed" ] && wait_for 100 curl -s -f -o /dev/null "http://127.0.0.1:$port/-/ready"; then
	ok "as many descriptors as it says"
else
	not_ok "as many descriptors as it says" "$needed: $(tail -n 3 "$temp/exporter.log")"
fi
kill "${pids[@]}"
wait "${pids[@]}"
pids=()

# ---- one line per cause, not per function ----
"$exporter" --web.listen-address="127.0.0.1:$port" 'vfs_*' syscall:getpgid 2> "$temp/exporter.log" &
pids=($!)
wait_for 100 curl -s -f -o /dev/null "http://127.0.0.1:$port/-/ready"
kill "${pids[@]}"
wait "${pids[@]}"
pids=()
lines=$(grep -c 'not attached' "$temp/exporter.log")
if [ "$lines" -eq 0 ]; then
	skip 1 "one line for a cause" "this machine attaches all of vfs_*"
elif [ "$lines" -le 2 ] && grep -q 'probes are not attached (refused): .* and [0-9]* more (' "$temp/exporter.log"; then
	ok "one line for a cause"
else
	not_ok "one line for a cause" "$lines lines: $(head -n 3 "$temp/exporter.log")"
fi

# ---- a reload without descriptors for more probes ----
printf 'probes: [{syscalls: getpgid}]\n' > "$temp/reload.yaml"
prlimit --nofile=$((${needed:-0} + 32)) "${x[@]}" --web.enable-lifecycle --config.file="$temp/reload.yaml" \
	2> "$temp/exporter.log" &
pids=($!)
wait_for 100 curl -s -f -o /dev/null "http://127.0.0.1:$port/-/ready"
printf 'probes: [{syscalls: [getpgid, getsid]}]\n' > "$temp/reload.yaml"
code=$(curl -s --max-time 60 -o "$temp/answer" -w '%{http_code}' -X POST "http://127.0.0.1:$port/-/reload")
curl -s --max-time 60 "http://127.0.0.1:$port/metrics" > "$temp/metrics"
if [ "$code" = 200 ] && [ "$(grep -c '^retprobe_probe_attached{.*reason=""} 1' "$temp/metrics")" -eq 2 ] &&
	grep -q 'not enough room to add probes' "$temp/exporter.log"; then
	ok "few descriptors: a reload makes room"
else
	not_ok "few descriptors: a reload makes room" "$code: $(tail -n 3 "$temp/exporter.log")"
fi
kill "${pids[@]}"
wait "${pids[@]}"
pids=()

# ---- without BTF, and with another file in its place ----
: > "$temp/empty"
printf 'garbage' > "$temp/garbage"
counts_one() { # counts_one REGEX
	build/workload getpgid-live 1 1 > /dev/null
	curl -s "http://127.0.0.1:$port/metrics" > "$temp/metrics"
	grep -Eq "$1" "$temp/metrics"
}
for content in empty garbage; do
	unshare -m sh -c "mount --bind $temp/$content /sys/kernel/btf/vmlinux && exec \"\$@\"" sh \
		"${x[@]}" syscall:getpgid 2> "$temp/exporter.log" &
	pids=($!)
	if wait_for 100 counts_one '^retprobe_duration_seconds_count\{object="syscall",function="getpgid"\} [1-9]' &&
		head -n 1 "$temp/exporter.log" | grep -q 'level=warn .*CONFIG_DEBUG_INFO_BTF'; then
		ok "no BTF ($content): system calls count all the same"
	else
		not_ok "no BTF ($content): system calls count all the same" "$(tail -n 3 "$temp/exporter.log")"
	fi
	kill "${pids[@]}"
	wait "${pids[@]}"
	pids=()
done
unshare -m sh -c "mount --bind $temp/empty /sys/kernel/btf/vmlinux && exec \"\$@\"" sh \
	"$exporter" --config.check vfs_read syscall:getpgid > "$temp/out" 2> "$temp/err"
if grep -q 'CONFIG_DEBUG_INFO_BTF' "$temp/err"; then
	ok "no BTF: --config.check says so"
else
	not_ok "no BTF: --config.check says so" "$(cat "$temp/err")"
fi
if grep -q '^libbpf' "$temp/err"; then
	not_ok "libbpf speaks through the log" "$(cat "$temp/err")"
else
	ok "libbpf speaks through the log"
fi

# ---- configurations that other users can write ----
mkdir "$temp/etc"
printf 'probes: [{syscalls: getpgid}]\n' > "$temp/etc/config.yaml"
echo '' > "$temp/etc/web.yaml"
ln -s etc/config.yaml "$temp/link.yaml"

# warns NAME TEXT FILE: about that configuration; TEXT '': no warning
warns() {
	"$exporter" --config.check --config.file="$3" --web.config.file="$temp/etc/web.yaml" > "$temp/out" 2> "$temp/err"
	if [ -z "$2" ] && ! grep -q 'users with write access' "$temp/err"; then
		ok "$1"
	elif [ -n "$2" ] && grep 'users with write access' "$temp/err" | grep -q -F -- "$2"; then
		ok "$1"
	else
		not_ok "$1" "$(cat "$temp/err")"
	fi
}
warns "a configuration of root's alone" '' "$temp/link.yaml"
chmod 666 "$temp/etc/config.yaml"
warns "a configuration that everybody can write" 'config.yaml can be written by everybody' "$temp/link.yaml"
(cd "$temp/etc" && warns "the same by a relative name" 'memory of every process' config.yaml)
chmod 644 "$temp/etc/config.yaml"
chown 65534 "$temp/etc/config.yaml"
warns "a configuration of another user's" 'belongs to user 65534' "$temp/etc/config.yaml"
chown 0 "$temp/etc/config.yaml"
chmod 777 "$temp/etc"
warns "a directory that everybody can write" 'the directory etc can be written' "$temp/etc/config.yaml"
chmod 755 "$temp/etc"
chmod 666 "$temp/etc/web.yaml"
warns "a web configuration that everybody can write" 'web.yaml: the file web.yaml can be written' "$temp/etc/config.yaml"
chmod 644 "$temp/etc/web.yaml"

# ---- cgroup v2 mounted elsewhere than at /sys/fs/cgroup ----
hybrid='mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/unified &&
	mount -t cgroup2 none /sys/fs/cgroup/unified && exec "$@"'
printf 'probes: [{syscalls: getpgid, labels: [cgroup], filter: ["cgroup under /"]}]\n' > "$temp/etc/config.yaml"
unshare -m sh -c "$hybrid" sh "${x[@]}" --config.file="$temp/etc/config.yaml" 2> "$temp/exporter.log" &
pids+=($!)
is_named() {
	python3 -c 'import os; os.getpgid(0)'
	curl -s "http://127.0.0.1:$port/metrics" > "$temp/metrics"
	grep -q '^retprobe_duration_seconds_count{.*cgroup="/' "$temp/metrics"
}
if wait_for 100 is_named; then
	ok "a hybrid machine's cgroups have names"
else
	not_ok "a hybrid machine's cgroups have names" "$(grep -m 2 duration_seconds_count "$temp/metrics"; tail -n 2 "$temp/exporter.log")"
fi

exit $failed
