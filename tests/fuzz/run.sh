#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the fuzzers:
#
#	run.sh				each for a short time, repeatable; a test suite
#	run.sh [FUZZER...] -OPTION...	each, or the named ones, with options of libFuzzer such as
#					-max_total_time=60; keeps interesting inputs in build/fuzz/corpus
#
# They start with the seeds of tests/fuzz/seeds, those that generate.c makes, and the presets. An input that
# makes one fail is printed, and kept in build/fuzz.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=build/fuzz
runs=20000
slow_runs=2000 # of fuzzers that send each input to a server, or whose seeds are as long as the presets

fuzzers=()
while [ $# -gt 0 ] && [[ $1 != -* ]]; do
	fuzzers+=("$1")
	shift
done
if [ ${#fuzzers[@]} -eq 0 ]; then
	for source in tests/fuzz/*.c; do
		name=$(basename "$source" .c)
		[ "$name" = harness ] || fuzzers+=("$name")
	done
fi

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
trap 'exit 130' HUP INT TERM
export TMPDIR=$temp

# Small programs with the types of types.c.
compile_types() { # compile_types DIRECTORY FUZZER FORMAT...
	local format
	for format in "${@:3}"; do
		if gcc $format -O1 -w -static -nostdlib -Wl,-n,--build-id=none -o "$1/types$format" \
			tests/fuzz/seeds/types.c; then
			echo "ok fuzz $2: a seed with $format"
		else
			echo "SKIP fuzz $2: a seed with $format: gcc does not know it"
		fi
	done
}

# Splits seeds/FUZZER.txt at lines "%%" into one file per record.
split_seeds() { # split_seeds FUZZER
	local seeds=$temp/seeds/$1
	mkdir -p "$seeds"
	[ ! -f "tests/fuzz/seeds/$1.txt" ] ||
		awk -v prefix="$seeds/text" '
			BEGIN { n = 1 }
			$0 == "%%" { n++; lines = 0; next }
			{ printf "%s%s", lines++ ? "\n" : "", $0 > (prefix n) }' "tests/fuzz/seeds/$1.txt"
	[ "$1" != config ] || cp deploy/presets/*.yaml "$seeds"
	[ "$1" != types ] || compile_types "$seeds" types -g -gdwarf-4 -gbtf
	[ "$1" != parameters ] || compile_types "$seeds" parameters -g -gdwarf-4
}

show_input() { # show_input FILE: prints it so that it can be recreated
	echo "    the input is $1; base64:"
	base64 "$1" | head -n 50 | sed 's/^/    /'
}

# Options of libFuzzer follow the name.
fuzz() { # fuzz FUZZER CORPUS OPTIONS...
	local name=$1 corpus=$2
	shift 2
	mkdir -p "$corpus"
	"$build/$name" -artifact_prefix="$build/$name-" -rss_limit_mb=1024 -timeout=60 -print_final_stats=1 \
		"$@" "$corpus" "$temp/seeds/$name"
}

runs_of() { # runs_of FUZZER
	case $1 in
	config | request) echo $slow_runs ;;
	*) echo $runs ;;
	esac
}

tests=${#fuzzers[@]}
# compile_types reports a test for each format.
[[ " ${fuzzers[*]} " != *" types "* ]] || tests=$((tests + 3))
[[ " ${fuzzers[*]} " != *" parameters "* ]] || tests=$((tests + 2))
echo "1..$tests"
mkdir -p "$temp/seeds"
"$build/generate" "$temp/seeds" || exit 1
failed=0
for name in "${fuzzers[@]}"; do
	split_seeds "$name"
	log=$temp/$name.log
	if [ $# -gt 0 ]; then
		echo "fuzz: $name"
		fuzz "$name" "$build/corpus/$name" "$@" > "$log" 2>&1
	else
		fuzz "$name" "$temp/corpus/$name" -seed=1 -runs="$(runs_of "$name")" > "$log" 2>&1
	fi
	code=$?
	if [ $code -eq 0 ]; then
		[ $# -eq 0 ] || sed -n 's/^Done \(.*\)/fuzz: \1/p; s/^stat::\(average_exec\)/fuzz: \1/p' "$log"
		echo "ok fuzz $name"
		continue
	fi
	failed=1
	echo "not ok fuzz $name: exit code $code"
	grep -A 30 -m 1 -E 'ERROR|not so|runtime error' "$log" | grep -v -e ' in fuzzer::' -e __libc_start |
		sed 's/^/    /'
	artifact=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
	[ -z "$artifact" ] || show_input "$artifact"
done
exit $failed
