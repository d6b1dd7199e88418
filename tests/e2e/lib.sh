# SPDX-License-Identifier: GPL-2.0-only
# Functions for end-to-end tests. Source this from the repository's root, with $suite set to the test's name.
# Processes in `pids` end with the test. Logs are $temp/*.log.
# shellcheck shell=bash disable=SC2034,SC2154 # the sourcing script uses the variables and sets $suite
exporter=$PWD/build/retprobe_exporter
client=$PWD/build/client # curl takes five times as long to start
temp=$(mktemp -d)
pids=()
failed=0

# shellcheck disable=SC2317 # called by the trap
finish() {
	trap '' HUP INT TERM
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2> /dev/null
	wait
	rm -rf "$temp"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

# Announces the number of tests. Call it before the first one.
plan() { # plan NUMBER
	echo "1..$1"
}

# Reports tests that cannot run here.
skip() { # skip NUMBER NAME WHY
	local i
	for ((i = 0; i < $1; i++)); do
		echo "SKIP $suite $2: $3"
	done
}

ok() {
	echo "ok $suite $1"
}

not_ok() {
	echo "not ok $suite $1: $2"
	failed=1
}

# Ends the suite with a failure, because no later test can pass.
give_up() { # give_up NAME WHY
	not_ok "$1" "$2"
	for log in "$temp"/*.log; do
		[ ! -s "$log" ] || tail -n 15 "$log" | sed "s/^/    ${log##*/}: /"
	done
	exit 1
}

# Programs by name. Each works when a line arrives on its input, and writes a dot for each call.
declare -A program_inputs program_pids
start_program() { # start_program NAME COMMAND...
	local fd
	mkfifo "$temp/$1.in"
	"${@:2}" <"$temp/$1.in" >"$temp/$1.out" &
	program_pids[$1]=$!
	pids+=($!)
	exec {fd}>"$temp/$1.in"
	program_inputs[$1]=$fd
}

has_dots() { # has_dots NAME NUMBER
	[ "$(stat -c %s "$temp/$1.out")" -ge "$2" ]
}

wait_for() { # wait_for SECONDS COMMAND...: until the command succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

# Starts the exporter on a port that the kernel chooses. Sets pid, and url once it listens. Fails if it ends
# before, or does not listen after two minutes. Empties the log first, which can still have the port of the
# previous exporter.
launch() { # launch LOG ARGS...
	local log=$1 end=$((SECONDS + 120))
	shift
	: > "$log"
	"$exporter" --web.listen-address=127.0.0.1:0 "$@" > "$log" 2>&1 &
	pid=$!
	pids+=("$pid")
	until [[ $(< "$log") =~ listening\ on\ (127\.0\.0\.1:[0-9]+) ]]; do
		[ $SECONDS -lt $end ] && kill -0 "$pid" 2> /dev/null || return 1
		sleep 0.05
	done
	url=http://${BASH_REMATCH[1]}
}

# Fails if the exporter ends before, or is not ready in time.
wait_ready() { # wait_ready SECONDS
	PATIENCE=$1 $client ready "${url##*:}" "$pid"
}

# Fails unless the answer is 200 and complete. The body goes to FILE.
get() { # get PATH FILE
	$client get "${url##*:}" "$1" "$2"
}

# Stops the exporter that launch has started.
stop_exporter() {
	kill "$pid"
	wait "$pid"
	pids=()
}

# Prints free ports, which are not held. They lie below the range for outgoing connections, which could take
# one in between.
free_ports() { # free_ports NUMBER
	python3 - "$1" <<-'END'
	import random, socket, sys
	found = {}
	while len(found) < int(sys.argv[1]):
	    port = random.randrange(20000, 32000)
	    try:
	        found[port] = socket.create_server(("127.0.0.1", port))
	    except OSError:
	        pass
	for s in found.values():
	    s.close()
	print(*found)
	END
}
