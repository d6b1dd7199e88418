#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A user with write access to a probed file, or to its path, cannot:
# - write a byte into another program
# - end the exporter
# - use up its memory or its time
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=hostile
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP hostile: attaching needs root"
	exit 0
elif [ "$(uname -m)" != x86_64 ]; then
	echo "SKIP hostile: its victim is x86-64 code"
	exit 0
fi
plan 14

hostile() {
	python3 -B tests/e2e/hostile.py "$@"
}

# Starts an attack, and waits until it watches the file.
attack() { # attack NAME ARGS...: sets attacker
	local name=$1
	shift
	rm -f "$temp/$name.log"
	python3 -B tests/e2e/hostile.py "$@" >"$temp/$name.log" 2>&1 &
	attacker=$!
	pids+=("$attacker")
	wait_for 30 grep -q -s watching "$temp/$name.log" || give_up "$name" "the attack does not begin"
}

gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}

# The victim asks for one user ID, which would contain the byte of a breakpoint if one were placed there.
write_victim() {
	cat >"$temp/victim.c" <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		int authorized(unsigned int uid);
		asm(".globl authorized\n.type authorized, @function\nauthorized:\n"
		    "\txor %eax, %eax\n\t.byte 0x81, 0xff, 0x90, 0x90, 0x90, 0x90\n\tsetne %al\n\tret\n"
		    ".size authorized, . - authorized\n");
		int main(int argc, char **argv)
		{
			return puts(authorized(strtoul(argv[1], NULL, 0)) ? "authorized" : "denied") < 0;
		}
	END
	gcc -O2 -w -o "$temp/victim" "$temp/victim.c" || give_up "the victim" "gcc"
	# 81 ff, then the number: the attacker wants its first byte changed.
	python3 - "$temp/victim" <<-'END'
	import sys
	print(open(sys.argv[1], "rb").read().index(b"\x81\xff\x90\x90\x90\x90") + 2)
	END
}

swap() {
	local offset
	offset=$(write_victim)
	hostile elf "$temp/own" "$offset"
	ln -s "$temp/own" "$temp/app"
	attack swap swap "$temp/app" "$temp/own" "$temp/victim"
	"$exporter" --mechanism="$1" --web.listen-address=127.0.0.1:0 "$temp/app:f" >"$temp/$1.log" 2>&1 &
	pids+=($!)
	local pid=$!
	wait_for 60 grep -q -s -e 'attached 1 of 1' -e 'nothing could be attached' -e 'level=error' "$temp/$1.log" ||
		give_up "swap, $1" "it does not start"
	wait_for 20 gone "$attacker" || kill "$attacker"
	if ! grep -q 'attached 1 of 1' "$temp/$1.log"; then
		not_ok "swap, $1: attached to what was read" "$(tail -n 1 "$temp/$1.log")"
	elif [ "$(readlink "$temp/app")" != "$temp/victim" ]; then
		not_ok "swap, $1" "the attack did not take place"
	elif [ "$("$temp/victim" 0x90909090)" != denied ]; then
		not_ok "swap, $1: another program stays whole" "$("$temp/victim" 0x90909090)"
	else
		ok "swap, $1: another program stays whole"
	fi
	kill "$pid"
	wait "$pid"
	rm -f "$temp/app"
}

# At some of these moments, the file is cut short while its functions are read.
truncated() {
	hostile bomb large "$temp/big"
	attack truncated truncate "$temp/big"
	local code worst=0
	for _ in {1..8}; do
		"$exporter" --config.check "$temp/big:f1" >"$temp/truncated.out" 2>&1
		code=$?
		[ $code -le $worst ] || worst=$code
	done
	kill "$attacker"
	[ $worst -le 2 ] && ok "a file that is cut short while it is read" ||
		not_ok "a file that is cut short while it is read" "exit code $worst"
}

# bomb KIND SECONDS KILOBYTES WORDS: stays within these limits, and reports the reason
bomb() {
	local code seconds memory said
	hostile bomb "$1" "$temp/bomb"
	read -r code seconds memory said < <(hostile measure "$exporter" --config.check "$temp/bomb:f*" 2>"$temp/bomb.log")
	rm -f "$temp/bomb"
	if [ "$code" = 0 ] && [ "$seconds" -le "$2" ] && [ "$memory" -le "$3" ]; then
		case $said in
		*"$4"*) ok "bomb: $1" ;;
		*) not_ok "bomb: $1" "it says: $said" ;;
		esac
	else
		not_ok "bomb: $1" "exit code $code, $seconds s, $memory kB"
	fi
}

# Written between reading and attaching: detached, and attached again once it no longer changes.
touched() {
	hostile elf "$temp/touched" 8192
	attack touched touch "$temp/touched"
	local pid url
	launch "$temp/touching.log" syscall:getpgid "$temp/touched:f" || give_up "written to while it is attached" "no start"
	if ! grep -q 'was written to while its functions were being attached' "$temp/touching.log"; then
		not_ok "written to while it is attached" "nobody has noticed"
	elif ! wait_for 60 grep -q 'attached 2 of 2' "$temp/touching.log"; then
		not_ok "written to while it is attached" "it is not tried again"
	else
		ok "written to while it is attached"
	fi
	kill "$pid"
	wait "$pid"
}

# A link in a container resolves within the container.
contained() {
	mkdir "$temp/root"
	ln -s "$temp/victim" "$temp/root/app"
	attack contained chroot "$temp/root"
	local found
	found=$("$exporter" --config.check "/proc/$attacker/root/app:authorized" 2>/dev/null | sed -n 2p)
	case $found in
	*'there is no file'*) ok "a link of a container" ;;
	*) not_ok "a link of a container" "$found" ;;
	esac
	kill "$attacker"
}

# The file system of one program is dead. The other programs are attached, requests are answered, and the
# exporter stops on request.
dead() {
	mkdir "$temp/dead"
	python3 -B tests/e2e/hostile.py dead "$temp/dead" >"$temp/dead.log" 2>&1 &
	attacker=$!
	pids+=("$attacker")
	if ! wait_for 60 grep -q -s -e watching -e Error "$temp/dead.log" || grep -q Error "$temp/dead.log"; then
		skip 3 "a dead file system" "$(tail -n 1 "$temp/dead.log")"
		return
	fi
	local pid url
	if ! launch "$temp/exporter.log" syscall:getpgid "$temp/dead/program:f"; then
		not_ok "a dead file system: it starts" "$(tail -n 1 "$temp/exporter.log")"
		not_ok "a dead file system: answers come" "it did not start"
	else
		ok "a dead file system: it starts"
		# While it looks at the file, repeatedly.
		sleep 3
		curl -s -f -m 20 "$url/metrics" | grep -q 'program",function="f",reason="not_found"} 0' &&
			ok "a dead file system: answers come" || not_ok "a dead file system: answers come" "they do not"
	fi
	kill "$pid"
	if wait_for 20 gone "$pid"; then
		ok "a dead file system: it stops"
	else
		not_ok "a dead file system: it stops" "$(cat "/proc/$pid/wchan")"
	fi
	kill "$attacker" # without its server, the file system answers with an error
	wait "$attacker" "$pid"
	umount -l "$temp/dead"
}

swap uprobe.multi
swap uprobe.ret
swap uretprobe
touched
contained
dead
truncated
# More functions than the limit, and a glob that matches them all.
bomb large 30 100000 "more than can be probed at a time"
bomb suffixes 30 100000 "a symbol's name is longer than 4096 bytes"
bomb sparse 30 100000 "it is larger than 2 GiB"
bomb sparse_small 30 100000 "its symbol table is larger than 256 MiB"
bomb many 30 100000 "the names of its symbols take more than 256 MiB"
exit $failed
