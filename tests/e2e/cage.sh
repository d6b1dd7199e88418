#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A compromised server. inject.c makes system calls in its threads, with its rights and under its filter: on
# each of its descriptors and channels, and by each system call number.
# shellcheck disable=SC2317 # functions are called by check
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=cage
. tests/e2e/lib.sh

inject=$PWD/build/inject
if "$inject" 2> /dev/null; [ $? -eq 77 ]; then
	echo "SKIP cage: x86-64 only"
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP cage: it takes root"
	exit 0
fi
plan 71
cd "$temp" || exit 1
read -r port other_port < <(free_ports 2)

check() { # NAME CONDITION...
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "$* ($result)"; fi
}
result=

answers() { # PORT
	[ "$(curl -s -m 30 -o body -w '%{http_code}' "http://127.0.0.1:$1/metrics")" = 200 ]
}
server_of() { # PID
	pgrep -P "$1" | head -n 1
}
# Standard input has system calls. The server's first thread makes them once it sleeps. $result has one answer
# per line.
calls() {
	cat > calls
	for _ in $(seq 100); do
		result=$("$inject" "$server" < calls 2> inject.err) && return
		sleep 0.05
	done
	result="no answer: $(cat inject.err)"
}
call() { # NUMBER ARGUMENT...
	calls <<< "$*"
}
gives() { # ANSWER NUMBER ARGUMENT...
	local wanted=$1
	shift
	call "$@"
	[ "$result" = "$wanted" ]
}
refused() {
	gives EPERM "$@"
}

cat > web.yml << 'END'
basic_auth_users: {}
END
"$exporter" --web.listen-address="127.0.0.1:$port" --web.config.file=web.yml --web.enable-lifecycle \
	syscall:getpgid >> exporter.log 2>&1 < /dev/null &
attacher=$!
pids+=("$attacher")
wait_for 60 answers "$port" || give_up start "it does not answer"
server=$(server_of "$attacher")

# ---- each number -----------------------------------------------------------------------------------

# With invalid arguments, these do not return EPERM: read write close poll brk rt_sigaction rt_sigprocmask
# sched_yield mremap munmap nanosleep getpid recvfrom shutdown getsockname gettimeofday gettid futex
# restart_syscall clock_gettime clock_nanosleep epoll_wait epoll_ctl ppoll set_robust_list epoll_pwait accept4
# getrandom rseq. For clone3, the filter answers like a kernel without it.
known="0 1 3 7 11 12 13 14 24 25 35 39 45 48 51 96 186 202 219 228 230 232 233 271 273 281 288 318 334 435"
# Without 60 and 231 (exit and exit_group). 335 and 336 are the kernel's own trampolines, which no filter
# sees.
numbers=$(seq 0 470 | grep -vxE '60|231|335|336')
calls < <(sed 's/$/ -1 -1 -1 -1 -1 -1/' <<< "$numbers")
allowed=$(paste -d ' ' - <(echo "$result") <<< "$numbers" | awk '$2 != "EPERM" { printf "%s%s", sep, $1; sep = " " }')
result=$allowed
check "system calls are those that are known" [ "$allowed" = "$known" ]
check "it is the same server" [ "$(server_of "$attacher")" = "$server" ]

# ---- each descriptor -------------------------------------------------------------------------------

inode_of() { # DESCRIPTOR
	readlink "/proc/$server/fd/$1" | sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p'
}
descriptors=$(ls "/proc/$server/fd")
listeners=() channels=() strange=
for fd in $descriptors; do
	inode=$(inode_of "$fd")
	case $(readlink "/proc/$server/fd/$fd") in
	socket:*)
		if grep -q " $inode " /proc/net/unix || grep -q " $inode\$" /proc/net/unix; then
			[ "$fd" = 2 ] || channels+=("$fd")
		elif awk -v inode="$inode" '$10 == inode && $4 == "0A" { found = 1 } END { exit !found }' /proc/net/tcp; then
			listeners+=("$fd")
		fi
		;;
	/dev/null) [ "$fd" -le 1 ] || strange+="$fd " ;;
	'anon_inode:[eventpoll]' | 'anon_inode:[eventfd]' | 'anon_inode:[signalfd]') ;;
	*) strange+="$fd " ;;
	esac
done
result=$strange
check "it has sockets, and what waits for them" [ -z "$strange" ]
check "one that listens" [ ${#listeners[@]} -eq 1 ]
check "channels" [ ${#channels[@]} -eq 5 ]
check "standard input is /dev/null" [ "$(readlink "/proc/$server/fd/0")" = /dev/null ]
check "standard output is /dev/null" [ "$(readlink "/proc/$server/fd/1")" = /dev/null ]
check "standard error is a socket" [ -n "$(inode_of 2)" ]

# NAME CALL: FD in CALL stands for the descriptor.
refused_of_each() {
	calls < <(for fd in $descriptors; do echo "${2/FD/$fd}"; done)
	result=$(paste -s -d ' ' <<< "$result")
	check "of no descriptor: $1" grep -qxE '(EPERM ?)+' <<< "$result"
}
refused_of_each "an owner for its signals" "72 FD 8 $attacher"
refused_of_each "a signal" "72 FD 10 9"
refused_of_each "flags" "72 FD 4 0"
refused_of_each "a copy" "72 FD 0 100"
refused_of_each "a place in it" "8 FD 0 0"
refused_of_each "a length" "77 FD 0"
refused_of_each "ioctl" "16 FD 0x5412 @x"
refused_of_each "listen" "50 FD 1"
refused_of_each "connect" "42 FD %0200000900000000 16"
refused_of_each "the kernel's filters" "54 FD 1 26 @x 16"
refused_of_each "a lock on them" "54 FD 1 44 @x 4"
refused_of_each "who the peer is" "55 FD 1 17 @x @x"
refused_of_each "a mapping" "9 0 4096 3 1 FD 0"

# ---- the listening socket ------------------------------------------------------------------------------

for fd in "${listeners[@]}"; do
	check "shutdown" refused 48 "$fd" 0
	check "shutdown, by a number that means the same" refused 48 $((fd + (1 << 32))) 0
	check "TCP_NODELAY" refused 54 "$fd" 6 1 @x 4
	check "a connection to elsewhere" refused 44 "$fd" @key 4 0x20000000 "%0200$(
		printf %04x "$other_port")7f000001" 16
	check "a connection by a message" refused 46 "$fd" @x 0x20000000
done
check "it answers" answers "$port"

# ---- other processes -------------------------------------------------------------------------------

setpriv --reuid=65534 --regid=65534 --clear-groups sleep 1000 &
other=$!
pids+=("$other")
check "it is not root" grep -qE '^Uid:[[:space:]]*[1-9]' "/proc/$server/status"
for victim in "$other" "$attacher"; do
	check "tgkill" refused 234 "$victim" "$victim" 18
	check "kill" refused 62 "$victim" 18
	check "ptrace" refused 101 16 "$victim" 0 0
	check "pidfd_open" refused 434 "$victim" 0
done
check "itself" gives 0 234 "$server" "$server" 0
check "a thread" refused 56 0x3d0f00 0 0 0 0
check "a process" refused 56 17 0 0 0 0

# ---- the log ---------------------------------------------------------------------------------------

cp exporter.log before.log
line=$(printf 'forged\033[2J\nts=0 level=info msg="forged"\n' | od -An -v -tx1 | tr -d ' \n')
check "a line" gives 40 1 2 "%$line" 40
is_in_log() {
	grep -q 'level=warn process=server msg="forged\\u001b\[2J"$' exporter.log
}
check "it is in the log, as the server's" wait_for 30 is_in_log
forged() {
	[ "$(grep -c forged exporter.log)" -eq 1 ] && ! grep -q $'\033' exporter.log
}
check "and no other" forged
check "nothing before it has changed" cmp -n "$(stat -c %s before.log)" before.log exporter.log

# ---- channels --------------------------------------------------------------------------------------

replaced() {
	local now
	now=$(server_of "$attacher")
	[ -n "$now" ] && [ "$now" != "$server" ]
}
# In another server, the numbers can differ.
find_channels() {
	local fd
	channels=()
	for fd in "/proc/$server/fd"/*; do
		fd=${fd##*/}
		[ "$fd" = 2 ] || ! grep -qE " $(inode_of "$fd")( |\$)" /proc/net/unix || [ -z "$(inode_of "$fd")" ] ||
			channels+=("$fd")
	done
}
# A request in two pieces is invalid: the attacher does not wait for the second.
for i in 0 1 2 3 4; do
	find_channels
	fd=${channels[i]}
	call 1 "$fd" %01000000 4
	[ "$result" = 4 ] && call 1 "$fd" %01000000 4
	check "channel $i: a part of a request ends the server" wait_for 60 replaced
	check "channel $i: another answers" wait_for 60 answers "$port"
	server=$(server_of "$attacher")
done
check "a reload is answered" [ "$(curl -s -m 60 -o body -w '%{http_code}' -X POST "http://127.0.0.1:$port/-/reload")" = 200 ]

# ---- limits, and core dumps ------------------------------------------------------------------------

limit_of() { # PID NAME
	sed -n "s/^$2 *\([0-9a-z]*\) *\([0-9a-z]*\) .*/\1 \2/p" "/proc/$1/limits"
}
check "no core dump of the server" [ "$(limit_of "$server" 'Max core file size')" = "0 0" ]
check "no core dump of the attacher" [ "$(limit_of "$attacher" 'Max core file size')" = "0 0" ]
check "no file of any length" [ "$(limit_of "$server" 'Max file size')" = "0 0" ]
server=$attacher check "the attacher's memory is not to be dumped" gives 0 157 3
kill "$attacher"
wait "$attacher"
result=$?
check "it stops cleanly" [ "$result" -eq 0 ]

# ---- root without rights ---------------------------------------------------------------------------

setpriv --bounding-set=-setuid,-setgid "$exporter" --web.listen-address="127.0.0.1:$port" syscall:getpgid \
	> root.log 2>&1 &
attacher=$!
pids+=("$attacher")
wait_for 60 answers "$port" || give_up start "it does not answer without CAP_SETUID"
server=$(server_of "$attacher")
check "a server that stays root says so" grep -q 'level=warn process=server msg="the server stays root' root.log
check "it has no capability" grep -qE '^CapEff:[[:space:]]*0+$' "/proc/$server/status"
for victim in $$ "$attacher"; do
	check "root's: tgkill" refused 234 "$victim" "$victim" 18
	check "root's: kill" refused 62 "$victim" 18
	check "root's: ptrace" refused 101 16 "$victim" 0 0
done
check "root's: a file" refused 257 -100 @/etc/passwd 0
kill "$attacher"
wait "$attacher"

# ---- without standard descriptors ------------------------------------------------------------------

"$exporter" --web.listen-address="127.0.0.1:$port" syscall:getpgid <&- >&- 2>&- &
attacher=$!
pids+=("$attacher")
wait_for 60 answers "$port" || give_up start "it does not answer without standard descriptors"
for fd in 0 1 2; do
	check "descriptor $fd is /dev/null" [ "$(readlink "/proc/$attacher/fd/$fd")" = /dev/null ]
done
exit $failed
