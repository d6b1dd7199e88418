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
# How functions of system calls are named, and where they get the call's arguments.
case $HOSTTYPE in
aarch64) SYS=__arm64_sys_ SYS_ARG0='regs->regs[0]' SYS_ARG2='regs->regs[2]' ;;
*) SYS=__x64_sys_ SYS_ARG0='regs->di' SYS_ARG2='regs->dx' ;;
esac

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
	[ "/tmp/$1" -ef "$W" ] || ln -sf "$W" "/tmp/$1"
	"/tmp/$1" "${@:2}" >>"$RESULTS/work" || fail "workload $*"
}

# What the kernel warns of, except that the emulated machine is slow: for the check.
note_complaints() {
	dmesg | grep -E 'WARNING: |BUG: |Oops|general protection' | grep -v -E 'soft lockup|stall' >"$RESULTS/dmesg"
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
		pause 0.2
	done
}

# Fails unless the answer is 200 and complete. The body goes to FILE.
get() { # get PATH [FILE]
	$CLIENT get $PORT "$@"
}

# Covers the kernel's lists of symbols with copies until the test ends, which have only the functions with these
# beginnings. The kernel formats its lists for each reader. Reading copies of all of them is a third of an emulated
# exporter's start. So is reading them here: only the first test of a guest does. Not for tests that load modules.
copy_symbols() { # copy_symbols BEGINNING...
	local file name copies=() IFS='|'
	for file in /proc/kallsyms $T/available_filter_functions; do
		name=${file##*/}
		[ -e "/run/$name.all" ] || cat "$file" >"/run/$name.all"
		LC_ALL=C grep -E "(^| )($*)" "/run/$name.all" >"/run/$name" && mount -o bind "/run/$name" "$file" ||
			fail "copying $file"
		copies+=("$file")
	done
	IFS=' '
	# shellcheck disable=SC2064 # now
	trap "umount ${copies[*]}" EXIT
}

# The mechanisms for kernel functions that this kernel may have. A try takes half a second. user_of has those for
# user functions, by the one whose exporter tests it, too.
declare -A user_of
kernel_mechanisms() {
	local release
	read -r release </proc/sys/kernel/osrelease
	user_of=([kretprobe]=uretprobe)
	case $HOSTTYPE:$release in
	aarch64:6.1.*) mechanisms=(kretprobe) ;;
	aarch64:6.12.*) mechanisms=(fexit kretprobe) user_of[fexit]=uprobe.multi ;;
	*:5.10.* | *:6.1.*) mechanisms=(fexit kretprobe) ;;
	*:6.12.*) mechanisms=(fexit kprobe.session kprobe.multi kretprobe) user_of[kprobe.multi]=uprobe.multi ;;
	*:6.*)
		mechanisms=(fexit kprobe.session kprobe.multi kretprobe)
		user_of[kprobe.session]=uprobe.session user_of[kprobe.multi]=uprobe.multi
		;;
	*)
		mechanisms=(fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe)
		user_of[fsession]=uprobe.session user_of[kprobe.multi]=uprobe.multi
		;;
	esac
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

# Several exporters at once, by mechanism.
declare -A pid_of=() port_of=()
live=()

try_one() { # try_one MECHANISM ARGS...: fails as try_exporter
	PORT=$((10499 + ${#live[@]}))
	try_exporter --mechanism="$1" "${@:2}" || return
	pid_of[$1]=$exporter port_of[$1]=$PORT
	live+=("$1")
}

stop_each() { # stop_each [PREFIX]: the exit codes go to PREFIXMECHANISM.exit
	local mechanism
	for mechanism in "${live[@]}"; do
		exporter=${pid_of[$mechanism]}
		stop_exporter
		echo $? >"$RESULTS/${1:-}$mechanism.exit"
	done
	live=() pid_of=() port_of=() PORT=10499
}

# To PREFIXMECHANISM.NAME.after. PREFIXorder has the names in order: each scrape is also the one before the next.
scrape_each() { # scrape_each NAME [PREFIX]
	local mechanism arguments=()
	for mechanism in "${live[@]}"; do
		arguments+=("${port_of[$mechanism]}" "$RESULTS/${2:-}$mechanism.$1.after")
	done
	$CLIENT scrape "${arguments[@]}" || fail "scrape $1"
	echo "$1" >>"$RESULTS/${2:-}order"
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

# The same for the exporters that run at once, after a scrape of each. Several OPERATIONs run at once.
measure_each() { # measure_each NAME PREFIX "OPERATION..."...
	local name=$1 prefix=$2 operation running=()
	shift 2
	hits "$prefix$name.hits.before"
	for operation; do
		# shellcheck disable=SC2086 # words
		"$W" $operation >>"$RESULTS/work" &
		running+=($!)
	done
	for operation; do
		wait "${running[0]}" || fail "workload $operation"
		running=("${running[@]:1}")
	done
	hits "$prefix$name.hits.after"
	scrape_each "$name" "$prefix"
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
