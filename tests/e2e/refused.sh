#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Hundreds of functions of a program, one of which the kernel refuses for its first instruction. With every
# mechanism that attaches in batches, only that one is lost, with its reason.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=refused
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

functions=300

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP refused: attaching needs root"
	exit 0
elif [ "$(uname -m)" != x86_64 ]; then
	echo "SKIP refused: its refused instruction is one of x86-64"
	exit 0
fi
plan 15

# Calls each function once. The first instruction of one has a prefix that uprobes refuse.
write_program() {
	seq -f '__attribute__((noipa)) long good_%03.f(long v) { return v; }' $functions
	cat <<-'END'
		long good_150_not(long v);
		asm(".globl good_150_not\n.type good_150_not, @function\ngood_150_not:\n"
		    "\tlock orl $0, (%rsp)\n\tmov %rdi, %rax\n\tret\n.size good_150_not, . - good_150_not\n");
		int main(void)
		{
			return good_150_not(0)
	END
	seq -f '+ good_%03.f(0)' $functions
	echo '; }'
}

start_exporter() { # start_exporter MECHANISM: sets pid, and url once it serves; fails if it ends
	launch "$temp/$1.log" --mechanism="$1" "$temp/program:good_*"
}

expect() { # expect NAME WANTED GOT
	[ "$2" = "$3" ] && ok "$1" || not_ok "$1" "$3, not $2"
}

sentence() { # sentence MECHANISM: prints the log message about the refused function
	sed -n 's/.*good_150_not is not attached (refused): \(.*\) (argument.*/\1/p' "$temp/$1.log"
}

# one MECHANISM OTHERS SENTENCE: the others are attached by OTHERS
one() {
	local page=$temp/$1.page
	if ! start_exporter "$1"; then
		if grep -q -e '--mechanism=.* is not available' "$temp/$1.log"; then
			skip 5 "$1" "$(sed -n 's/.*is not available: \(.*\)"/\1/p' "$temp/$1.log")"
		else
			not_ok "$1" "it ends: $(tail -n 1 "$temp/$1.log")"
		fi
		return
	fi
	"$temp/program"
	"$temp/program"
	curl -s -f "$url/metrics" >"$page" || not_ok "$1" "no metrics"
	expect "$1: one is lost" 'good_150_not",reason="refused"} 0' \
		"$(sed -n 's/^retprobe_probe_attached.*function="\(.* 0\)$/\1/p' "$page")"
	expect "$1: the log says why" "$3" "$(sentence "$1")"
	expect "$1: the others are attached together" $functions \
		"$(grep -c "^retprobe_probe_info.*mechanism=\"$2\"" "$page")"
	expect "$1: each call of theirs is counted" $functions \
		"$(grep -c '^retprobe_duration_seconds_count{.*} 2$' "$page")"
	kill "$pid"
	wait "$pid"
	expect "$1: it stops" 0 $?
}

write_program >"$temp/program.c"
gcc -O2 -o "$temp/program" "$temp/program.c" || give_up "the program" "gcc"
one uprobe.multi uprobe.multi 'the kernel refuses uprobe.multi for good_150_not: ENOTSUPP'
one uprobe.session uprobe.session 'the kernel refuses uprobe.session for good_150_not: ENOTSUPP'
# Without a forced mechanism, the next one is tried for that function.
if grep -q 'listening' "$temp/uprobe.multi.log"; then
	one auto uprobe.multi 'good_150_not: its first instruction cannot be probed'
else
	skip 5 auto "this kernel does not have uprobe.multi"
fi
exit $failed
