# SPDX-License-Identifier: GPL-2.0-only
# Functions for scripts that run in a guest. Source this from the repository's root. It starts few and small
# programs: in an emulated guest, a fork of the shell takes as long as a scrape.
# shellcheck shell=bash disable=SC2034 # variables are for those who source it
W=$PWD/build/workload
CLIENT=build/client
PORT=10499
URL=http://127.0.0.1:$PORT # for curl
BINARY=build/retprobe_exporter
T=/sys/kernel/tracing

fail() {
	local pid
	echo "not ok: $*"
	[ -f "$RESULTS/exporter.log" ] && tail -5 "$RESULTS/exporter.log"
	# Where the exporter hangs, if it still runs.
	for pid in ${exporter:-} $(pgrep -P "${exporter:-0}"); do
		grep -sE '^(Name|State|SigPnd|ShdPnd)' "/proc/$pid/status"
		cat "/proc/$pid/task/"*/stack
	done 2>/dev/null
	exit 1
}

run() { # run COMM OPERATION...: the workload under another name
	ln -sf "$W" "/tmp/$1"
	"/tmp/$1" "${@:2}" >>"$RESULTS/work" || fail "workload $*"
}

# A pipe that never has data: a pause without a process.
exec {nothing}<> <(:)
pause() { # pause SECONDS
	read -r -t "$1" -u $nothing
}

# Waits until COMMAND succeeds. Fails after $PATIENCE seconds, or 240.
wait_until() { # wait_until NAME COMMAND...
	local name=$1 deadline=$((SECONDS + ${PATIENCE:-240}))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || fail "time is up waiting for $name"
		pause 0.05
	done
}

# Fails unless the answer is 200 and complete. The body goes to FILE.
get() { # get PATH [FILE]
	$CLIENT get $PORT "$@"
}

# Covers the kernel's lists of symbols with copies until the test ends, which have only the functions with these
# beginnings. The kernel formats its lists for each reader. Reading copies of all of them is a third of an emulated
# exporter's start. Not for tests that load modules.
copy_symbols() { # copy_symbols BEGINNING...
	local file copies=() IFS='|'
	for file in /proc/kallsyms $T/available_filter_functions; do
		LC_ALL=C grep -E "(^| )($*)" "$file" >"/run/${file##*/}" && mount -o bind "/run/${file##*/}" "$file" ||
			fail "copying $file"
		copies+=("$file")
	done
	IFS=' '
	# shellcheck disable=SC2064 # now
	trap "umount ${copies[*]}" EXIT
}

# Fails if the machine lacks the mechanism that ARGS force. Any other error ends the test.
try_exporter() { # try_exporter ARGS...
	"$BINARY" --web.listen-address=127.0.0.1:$PORT "$@" >>"$RESULTS/exporter.log" 2>&1 &
	exporter=$!
	$CLIENT ready $PORT $exporter >&2 && return
	! kill -0 $exporter 2>/dev/null || fail "the exporter is not ready after four minutes"
	wait $exporter
	tail -n 3 "$RESULTS/exporter.log" | grep -q -e '--mechanism=.* is not available' ||
		fail "the exporter did not become ready with $*"
	return 1
}

start_exporter() { # start_exporter ARGS...
	try_exporter "$@" || fail "the mechanism is not available with $*"
}

stop_exporter() {
	kill -TERM "$exporter"
	wait "$exporter"
}

scrape() { # scrape NAME
	$CLIENT scrape $PORT "$RESULTS/$1" || fail "scrape $1"
}

# Scrapes in the background, 50 times a second or with a pause of SECONDS, from each PORT.
start_scraper() { # start_scraper [SECONDS [PORT...]]
	local seconds=${1:-0.02}
	shift $(($# > 0))
	exec {scraping}> >(exec $CLIENT scraper "$seconds" "${@:-$PORT}" >>"$RESULTS/scrapes")
	scraper=$!
}

# Each scraper leaves a line with the number of its scrapes in $RESULTS/scrapes.
stop_scraper() {
	echo stop >&"$scraping"
	exec {scraping}>&-
	wait "$scraper" || echo "the scraper's exit code is $?" >>"$RESULTS/scrapes"
}

# The kernel's own count of a function's calls: an event without BPF.
reference() { # reference FUNCTION
	echo "p:reference/reference_$1 $1" >>$T/kprobe_events && echo 1 >"$T/events/reference/reference_$1/enable" ||
		fail "no reference for $1"
}

drop_reference() { # drop_reference FUNCTION
	echo 0 >"$T/events/reference/reference_$1/enable"
	echo "-:reference/reference_$1" >>$T/kprobe_events
}

hits() { # hits FILE
	local event hit missed
	while read -r event hit missed; do
		[[ $event != reference_* ]] || echo $((hit + missed))
	done <$T/kprobe_profile >"$RESULTS/$1"
}

measure() { # measure NAME OPERATION...: a scrape before and after, and the reference, if there is one
	local name=$1
	shift
	scrape "$name.before"
	hits "$name.hits.before"
	"$W" "$@" >"$RESULTS/$name.json" || fail "workload $*"
	hits "$name.hits.after"
	scrape "$name.after"
}
