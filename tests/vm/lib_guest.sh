# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for those who source it
# What the scripts that run in a guest share: to be sourced from the repository's root. No curl, but the
# shell itself: emulated, loading curl takes longer than what is asked of the exporter.
W=$PWD/build/workload
PORT=10499
URL=http://127.0.0.1:$PORT # for those who do use curl
BINARY=build/retprobe_exporter
T=/sys/kernel/tracing

fail() {
	local pid
	echo "not ok: $*"
	[ -f "$RESULTS/exporter.log" ] && tail -5 "$RESULTS/exporter.log"
	# Where the exporter is, if it still is.
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

# wait_until WHAT COMMAND...: until the command succeeds; four minutes are too long even emulated, unless PATIENCE
# says so.
wait_until() {
	local what=$1 deadline=$((SECONDS + ${PATIENCE:-240}))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || fail "waited in vain for $what"
		read -r -t 0.05 <><(:)
	done
}

# get PATH [FILE]: false unless the answer is 200 and whole. The body goes to FILE. In a shell of its own, which
# takes it for a failure and does not die of it if the exporter ends before all of the request is written.
get() (
	trap '' PIPE
	exec 8<>/dev/tcp/127.0.0.1/$PORT || exit
	printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$1" >&8 || exit
	length='' status=''
	while IFS= read -r -u 8 line && [ "$line" != $'\r' ]; do
		case ${line,,} in
		http/*) status=${line#* } ;;
		content-length:*) length=${line#*: } ;;
		esac
	done
	if [ -n "${2:-}" ]; then
		cat <&8 >"$2"
		[ "$(stat -c %s "$2")" = "${length%$'\r'}" ] || status="not ${length%$'\r'} bytes"
	fi
	[ "${status%% *}" = 200 ] || { [ -z "$status" ] || echo "$1: $status"; exit 1; }
)

# False if the machine has no such mechanism as ARGS force; any other trouble ends the test.
try_exporter() { # try_exporter ARGS...
	"$BINARY" --web.listen-address=127.0.0.1:$PORT "$@" >>"$RESULTS/exporter.log" 2>&1 &
	exporter=$!
	while kill -0 $exporter 2>/dev/null; do
		get /-/ready 2>/dev/null >&2 && return
		read -r -t 0.05 <><(:)
	done
	wait $exporter
	tail -n 1 "$RESULTS/exporter.log" | grep -q -e '--mechanism=.* cannot be had' ||
		fail "the exporter did not become ready with $*"
	return 1
}

start_exporter() { # start_exporter ARGS...
	try_exporter "$@" || fail "the exporter cannot be had with $*"
}

stop_exporter() {
	kill -TERM $exporter
	wait $exporter
}

# Of some losses the lower of two readings stands; at rest, this is the first.
scrape() { # scrape NAME
	get /metrics && get /metrics "$RESULTS/$1" || fail "scrape $1"
}

# Fifty times a second, or with so many seconds between.
scraper() { # scraper [SECONDS]
	while [ ! -s "$RESULTS/scraping" ]; do
		if get /metrics >>"$RESULTS/scrapes.failed" 2>&1; then
			echo >>"$RESULTS/scrapes"
		else
			echo "a scrape failed" >>"$RESULTS/scrapes.failed"
		fi
		read -r -t "${1:-0.02}" <><(:)
	done
}

# It is told by a file that gets a content, and not by one that goes: unlink(2) is what some count.
start_scraper() { # start_scraper [SECONDS]
	: >"$RESULTS/scraping"
	scraper "$@" &
	scraping=$!
}

stop_scraper() {
	echo stop >"$RESULTS/scraping"
	wait $scraping
}

# What the kernel itself counts of a function's calls: an event without BPF.
reference() { # reference FUNCTION
	echo "p:reference/reference_$1 $1" >>$T/kprobe_events && echo 1 >"$T/events/reference/reference_$1/enable" ||
		fail "no reference for $1"
}

drop_reference() { # drop_reference FUNCTION
	echo 0 >"$T/events/reference/reference_$1/enable"
	echo "-:reference/reference_$1" >>$T/kprobe_events
}

hits() { # hits FILE
	awk '$1 ~ /^reference_/ { print $2 + $3 }' $T/kprobe_profile >"$RESULTS/$1"
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
