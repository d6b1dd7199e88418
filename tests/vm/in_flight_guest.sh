#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: calls that hang, each in another way, seen while they do. Writes results to $RESULTS for
# in_flight_check.py.
#
#	in_flight_guest.sh [MECHANISM...]	default: one exporter, in which mechanisms take turns
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# The functions of tests/vm/workload/stuck.c's calls: at most one per call, as 5.10 sees no further. The fourth returns
# a struct on 6.12, which fexit does not support.
functions=(locks_lock_inode_wait 'pipe_read|anon_pipe_read' vfs_statx '__fdget_pos|fdget_pos' handle_userfault)

# A mechanism's, or in turns those of "$@".
configure() { # configure FILE MECHANISM...
	local i file=$1
	shift
	{
		printf '%s\n' 'defaults: {in_flight: longer}' probes: '  - {syscalls: [flock, newfstatat]}' \
			'  - {functions: iterate_dir, in_flight: off}' \
			'  - {functions: filename_lookup, filter: "comm == nobody"}'
		for i in "${!functions[@]}"; do
			echo "  - {functions: '${functions[i]}', mechanism: ${*:i % $# + 1:1}}"
		done
	} >"$file"
}

# Starts calls that hang, and releases them after five seconds.
watch_stuck() { # watch_stuck NAME
	local name=$1 stuck in=/tmp/$1.in asleep=/tmp/$1.asleep
	mkfifo "$in"
	exec {release}<>"$in"
	"$W" stuck 5 5 <"$in" 2>"$asleep" >>"$RESULTS/work" &
	stuck=$!
	# shellcheck disable=SC2064 # now
	trap "kill -KILL $stuck 2>/dev/null" EXIT
	wait_until "the calls to hang" grep -q asleep "$asleep"
	get /metrics "$RESULTS/$name.first" || fail "the first scrape"
	pause 5
	scrape "$name.stuck"
	# Names take a while at first: an emulated guest reads kallsyms for seconds.
	wait_until "names of the stacks" get /api/v1/inflight "$RESULTS/$name.calls"
	get '/api/v1/inflight?function=flock' "$RESULTS/$name.flock" || fail "/api/v1/inflight of a function"
	echo >&"$release"
	exec {release}>&-
	wait $stuck || fail "workload"
	$CLIENT until $PORT /metrics '^retprobe_in_flight\{.*"flock"\} 0$' "$RESULTS/$name.released" ||
		fail "the calls were not seen to end"
}

run_one() { # run_one NAME MECHANISM...
	configure "/tmp/$1.yaml" "${@:2}"
	start_exporter --config.file="/tmp/$1.yaml"
	watch_stuck "$1"
	stop_exporter || fail "stopped badly"
	echo "$1" >>"$RESULTS/runs"
}

uname -r >"$RESULTS/kernel"
modprobe fuse 2>"$RESULTS/modprobe" # or it is built in
kernel_mechanisms
turns=(kretprobe fexit)
[[ " ${mechanisms[*]} " != *" kprobe.session "* ]] || turns+=(kprobe.session)
if [ $# -eq 0 ]; then
	run_one turns "${turns[@]}"
else
	for mechanism; do
		run_one "$mechanism" "$mechanism"
	done
fi
note_complaints
exit 0
