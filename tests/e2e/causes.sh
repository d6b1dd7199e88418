#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the machine does not allow, and what is told of it: the cause, and not "run as root". Natively, as root.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=causes
. tests/e2e/lib.sh
read -r port < <(free_ports 1)
x=("$exporter" "--web.listen-address=127.0.0.1:$port")

# ends NAME CODE TEXT COMMAND...: with that exit code, and TEXT in its last line.
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
ends "few descriptors" 1 'EMFILE: 24 open files are not enough' prlimit --nofile=24 "${x[@]}" syscall:getpgid
if grep -q 'run as root' "$temp/err"; then
	not_ok "few descriptors: root is not the cure" "$(cat "$temp/err")"
else
	ok "few descriptors: root is not the cure"
fi
# What is said to be needed is enough to load; a few more for the links, the server and its sockets.
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

# ---- no BTF: none, and something else in its place ----
: > "$temp/empty"
printf 'garbage' > "$temp/garbage"
for content in empty garbage; do
	ends "no BTF ($content)" 1 'CONFIG_DEBUG_INFO_BTF' unshare -m sh -c \
		"mount --bind $temp/$content /sys/kernel/btf/vmlinux && exec \"\$@\"" sh "${x[@]}" syscall:getpgid
	if grep -q '^libbpf' "$temp/err"; then
		not_ok "no BTF ($content): libbpf speaks through the log" "$(cat "$temp/err")"
	else
		ok "no BTF ($content): libbpf speaks through the log"
	fi
done
unshare -m sh -c "mount --bind $temp/empty /sys/kernel/btf/vmlinux && exec \"\$@\"" sh \
	"$exporter" --config.check syscall:getpgid > "$temp/out" 2> "$temp/err"
if grep -q 'CONFIG_DEBUG_INFO_BTF' "$temp/err"; then
	ok "no BTF: --config.check says so"
else
	not_ok "no BTF: --config.check says so" "$(cat "$temp/err")"
fi

exit $failed
