#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files of probed programs that are replaced or removed while processes run them. These processes are still
# counted. Those that start later are counted in the same series.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=replaced
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP replaced: attaching needs root"
	exit 0
fi
plan 27

# Calls tick() once per line of input, and prints a dot per call.
program=$temp/prog.c
cat >"$program" <<'END'
#include <stdio.h>
#ifdef OTHER /* puts the function elsewhere */
__attribute__((noinline)) int before(int x) { __asm__ volatile("" : "+r"(x)); return 3 * x + 1; }
#endif
__attribute__((noinline)) int tick(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x > 5 ? x : 1;
}
int main(void)
{
	int c, sum = 0;

	while ((c = getchar()) != EOF) {
		sum += tick(c);
#ifdef OTHER
		sum += before(c);
#endif
		putchar('.');
		fflush(stdout);
	}
	return sum == 1;
}
END

build() { # build FILE OPTION...
	gcc -O1 "${@:2}" -o "$1" "$program" 2>"$temp/gcc.log" || give_up "$1" "it cannot be built"
}

# ---- processes -------------------------------------------------------------------------------------------------------
call() { # call NAME TIMES
	local before
	before=$(stat -c %s "$temp/$1.out")
	printf '%*s' "$2" '' >&"${program_inputs[$1]}"
	wait_for 20 has_dots "$1" $((before + $2)) || give_up "$mechanism" "$1 does not go on"
}

end() { # end NAME
	local fd=${program_inputs[$1]}
	kill "${program_pids[$1]}"
	wait "${program_pids[$1]}" 2>/dev/null
	exec {fd}>&-
	rm "$temp/$1.in" "$temp/$1.out"
}

# ---- the exporter ----------------------------------------------------------------------------------------------------
start_exporter() { # start_exporter ARGS...
	launch "$temp/exporter.log" "$@" || return 1
	wait_ready 20 || give_up "$mechanism" "it is not ready"
}

state() { # "COUNTED MISSED FORMER_FILES REASON"
	local probe metrics
	get /api/v1/probes "$temp/probes.json" && get /metrics "$temp/metrics" || return
	probe=$(jq -r '.probes[0] | "\(.former_files // 0) \(.reason)"' "$temp/probes.json")
	metrics=$(awk '/^retprobe_duration_seconds_count\{/ { counted += $NF }
		/^retprobe_missed_total\{/ { missed += $NF }
		END { print counted + 0, missed + 0 }' "$temp/metrics")
	echo "$metrics $probe"
}

is_state() { # is_state "COUNTED MISSED FORMER_FILES REASON"
	[ "$(state)" = "$1" ]
}

expect() { # expect WHAT STATE
	if wait_for 40 is_state "$2"; then
		ok "$mechanism: $1"
	else
		not_ok "$mechanism: $1" "it is $(state), and should be $2"
		tail -n 5 "$temp/exporter.log" | sed 's/^/    /'
	fi
}

# ---- an upgrade ------------------------------------------------------------------------------------------------------
upgrade() { # upgrade FILE PATH [COMMAND PREFIX...]: the file, its path for the exporter, and how to run it
	local file=$1 path=$2
	start_program old "${@:3}"
	[ -n "$path" ] || path=$(printf '/proc/%s/root/prog' "${program_pids[old]}")
	if ! start_exporter ${mechanism:+--mechanism=$mechanism} "$path:tick"; then
		if grep -q "is not available" "$temp/exporter.log"; then
			[ "$path" = "$file" ] && tests=8 || tests=3
			skip "$tests" "$mechanism" "this kernel does not have it"
			end old
			return
		fi
		give_up "$mechanism" "the exporter ends: $(tail -n 1 "$temp/exporter.log")"
	fi
	call old 5
	expect "before" "5 0 0 "
	build "$file.new" -DOTHER "${options[@]}"
	mv "$file.new" "$file"
	expect "the former file stays attached" "5 0 1 "
	call old 3
	start_program new "${@:3}"
	call new 4
	expect "both files are counted" "12 0 1 "
	if [ "$path" = "$file" ]; then
		end old
		expect "nobody runs the former file any more" "12 0 0 "
		call new 2
		expect "the new file is counted" "14 0 0 "
		rm "$file"
		expect "the file is removed, and a process runs it" "14 0 1 "
		call new 1
		expect "calls of a removed file" "15 0 1 "
		end new
		expect "nobody runs the removed file any more" "0 0 0 not_found"
	else
		end old
		end new
	fi
	kill "$pid"
	wait "$pid"
	pids=()
}

# All at once, because most of the time is spent waiting until the exporter looks at the files again.
each() { # each NAME FUNCTION: FUNCTION for the mechanism NAME, in a directory of its own
	local all=$temp
	(
		temp=$all/$1 pids=()
		mkdir "$temp"
		trap 'kill "${pids[@]}" 2>/dev/null' EXIT
		"$2"
		exit $failed
	) >"$all/$1.verdicts" 2>&1 &
	upgrades[$1]=$!
}

of_a_program() {
	options=()
	build "$temp/prog"
	upgrade "$temp/prog" "$temp/prog" "$temp/prog"
}

of_a_root() {
	mkdir "$temp/root"
	options=(-static)
	build "$temp/root/prog" -static
	upgrade "$temp/root/prog" '' chroot "$temp/root" /prog
}

declare -A upgrades
mechanism='' each auto of_a_program
for mechanism in uretprobe uprobe.ret; do each $mechanism of_a_program; done
mechanism='' each root of_a_root
for name in auto uretprobe uprobe.ret root; do
	wait "${upgrades[$name]}" || failed=1
	cat "$temp/$name.verdicts"
done
exit $failed
