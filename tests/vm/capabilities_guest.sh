#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: the capabilities that each mechanism needs. Starts the exporter as root with only some
# capabilities, as a container would. Writes a line per trial: the mechanism, the sysctl, the capabilities,
# and "yes" or the error.
set -u
cd "$(dirname "$0")/../.." || exit 1
W=$PWD/build/workload
PORT=10499
# shellcheck disable=SC2034 # by their names
cap_bpf=cap_39 cap_perfmon=cap_38 cap_sys_admin=cap_21 cap_syslog=cap_34 cap_sys_resource=cap_24

# The port is bound before anything is attached, so only an answer counts.
is_ready() (
	trap '' PIPE # of an exporter that has ended in the meantime
	exec 3<>/dev/tcp/127.0.0.1/$PORT
	printf 'GET /-/ready HTTP/1.0\r\n\r\n' >&3
	read -r -t 1 line <&3 && [[ $line == *" 200 "* ]]
) 2>/dev/null

attempt() { # attempt MECHANISM PROBE CAPABILITY...: prints yes, or why not
	local mechanism=$1 probe=$2 set='-all' cap
	shift 2
	for cap; do set="$set,+${!cap}"; done
	setpriv --bounding-set="$set" --inh-caps=-all build/retprobe_exporter \
		--web.listen-address=127.0.0.1:$PORT --mechanism="$mechanism" --config.strict "$probe" \
		>/tmp/log 2>&1 &
	local pid=$!
	while kill -0 $pid 2>/dev/null; do
		if is_ready; then
			kill $pid
			wait $pid
			echo yes
			return
		fi
		read -r -t 0.1 <><(:)
	done
	wait $pid
	sed -n 's/.*level=error msg="\(.*\)"$/\1/p' /tmp/log | head -n 1
}

try() { # try MECHANISM PROBE: finds the smallest sufficient set
	local result paranoid sets set
	for paranoid in 3 2; do
		echo $paranoid >/proc/sys/kernel/perf_event_paranoid
		sets=('cap_bpf cap_perfmon' 'cap_bpf cap_perfmon cap_sys_resource'
			'cap_bpf cap_perfmon cap_syslog' 'cap_bpf cap_perfmon cap_sys_admin'
			'cap_bpf cap_perfmon cap_sys_admin cap_sys_resource')
		for set in "${sets[@]}"; do
			# shellcheck disable=SC2086 # words
			result=$(attempt "$1" "$2" $set)
			printf '%s\t%s\t%s\t%s\n' "$1" "$paranoid" "$set" "$result" >>"$RESULTS/trials"
			[ "$result" != yes ] || break
			[[ $result != *"is not available: this kernel"* ]] || return
		done
	done
}

uname -r >"$RESULTS/kernel"
for mechanism in fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe; do
	try $mechanism __x64_sys_getpgid
done
try tracepoint syscall:getpgid
for mechanism in uprobe.ret uprobe.session uprobe.multi uretprobe; do
	try $mechanism "$W:workload_function"
done
try event tracepoint:task:task_rename
try raw_event raw_tracepoint:task_rename
try kprobe entry:do_exit
try uprobe "$PWD/build/shop:usdt:order__done"
# No capability, and one of the two that all need.
for set in '' cap_bpf cap_perfmon; do
	# shellcheck disable=SC2086 # words
	printf '%s\t-\t%s\t%s\n' auto "$set" "$(attempt auto __x64_sys_getpgid $set)" >>"$RESULTS/trials"
done
