#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# User stacks of samples against known calls: of programs with symbols, without, with a debug file, and of a process
# that has ended before its maps could be read. Kernel stacks: tests/vm/samples_guest.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=stacks
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP stacks: attaching needs root"
	exit 0
fi
plan 7

cat >"$temp/stacks.c" <<'END'
#include <unistd.h>
#define CALLED __attribute__((noipa))
CALLED long leaf(long x) { return x; }
CALLED static long middle(long x) { return leaf(x) + 1; }
CALLED static long outer(long x) { return middle(x) + 2; }
int main(int argc, char **argv)
{
	long sum = outer(7);

	if (argc > 1)
		sleep(100);
	return sum != 10;
}
END

# Each has a build id of its own. leaf and main are dynamic symbols, which stripping keeps.
build() { # build NAME DIGIT
	gcc -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -rdynamic -Wl,--build-id="0x$(printf "$2%.0s" {1..40})" \
		-o "$temp/$1" "$temp/stacks.c" || give_up "$1 is built" "gcc failed"
}
build plain 1
build stripped 2
build linked 3
build gone 4
cp "$temp/stripped" "$temp/stripped.symbols"
strip -s "$temp/stripped" && objcopy --only-keep-debug "$temp/linked" "$temp/linked.debug" && strip -s "$temp/linked" &&
	objcopy --add-gnu-debuglink="$temp/linked.debug" "$temp/linked" || give_up "stripped programs" "strip or objcopy failed"

{
	echo 'defaults: {returns: long, sample: {stacks: [user], per_second: 1000}}'
	echo 'probes:'
	for name in plain stripped linked gone; do
		echo "  - user: {object: $temp/$name, functions: leaf}"
	done
} >"$temp/stacks.yaml"
launch "$temp/exporter.log" --config.file="$temp/stacks.yaml" && wait_ready 60 || give_up "the exporter" "it is not ready"

# Whether an expression is true of the stack of that program's newest sample, `stack`, the innermost first and without
# the function itself; `error` is why it is not complete. `samples` has the program's samples, the newest first.
holds() { # holds NAME EXPRESSION
	get "/api/v1/samples?function=leaf" "$temp/samples.json" && python3 - "$temp" "$1" "$2" 2>"$temp/python.log" <<-'END'
	import json, re, subprocess, sys
	temp, name, expression = sys.argv[1:]
	samples = [s for s in json.load(open(temp + "/samples.json"))["samples"] if s["object"] == f"{temp}/{name}"]

	def frames(sample):
	    """uprobe.ret sees the return in the function."""
	    return sample["user_stack"][sample["user_stack"][0].startswith("leaf+"):]

	def names_of(sample):
	    return [re.sub(r"\+0x[0-9a-f]+ \[.*\]", "", frame) for frame in frames(sample)]

	stack, names, error = frames(samples[0]), names_of(samples[0]), samples[0]["user_stack_error"]

	def offsets(symbol):
	    """Where a function is in the file."""
	    file = f"{temp}/{name}.symbols"
	    text = re.search(r" \.text +PROGBITS +([0-9a-f]+) ([0-9a-f]+)", subprocess.check_output(["readelf", "-SW", file], text=True))
	    begin, size = re.search(rf"^([0-9a-f]+) ([0-9a-f]+) . {symbol}$", subprocess.check_output(["nm", "-S", file], text=True),
	                            re.M).groups()
	    begin = int(begin, 16) - int(text[1], 16) + int(text[2], 16)
	    return range(begin, begin + int(size, 16))

	def is_at(frame, symbol):
	    found = re.fullmatch(rf"0x([0-9a-f]+) \[{temp}/{name}\]", frame)
	    return found and int(found[1], 16) in offsets(symbol)

	sys.exit(not eval(expression))
	END
}

check() { # check NAME PROGRAM EXPRESSION
	if wait_for 20 holds "$2" "$3"; then ok "$1"; else
		not_ok "$1" "$(head -c 1500 "$temp/samples.json"; cat "$temp/python.log")"; fi
}

# A process that stays until its stack is known.
run() { # run NAME
	"$temp/$1" stay &
	pids+=($!)
}

run plain
check "with symbols: each caller by name" plain 'names[:3] == ["middle", "outer", "main"] and not error'
check "with symbols: its file" plain 'stack[0].endswith(f" [{temp}/plain]")'
run stripped
check "stripped: offsets in the file" stripped 'is_at(stack[0], "middle") and is_at(stack[1], "outer") and not error'
check "stripped: exported functions by name" stripped 'names[2] == "main"'
run linked
check "with a debug file: each caller by name" linked 'names[:3] == ["middle", "outer", "main"] and not error'

# The exporter cannot read the maps of a process that ends meanwhile.
kill -STOP "$pid"
"$temp/gone" || give_up "gone" "it ended with $?"
kill -CONT "$pid"
check "process gone: build id and offset" gone \
	'all(re.fullmatch(r"0x[0-9a-f]+ \[build id 4{40}\]", f) for f in stack[:3]) and "had ended" in error'
# Another process of that file tells its path, for the sample of the first one, too.
run gone
check "process gone: by name once its file is seen" gone \
	'len(samples) == 2 and names_of(samples[1])[:3] == ["middle", "outer", "main"] and "had ended" in samples[1]["user_stack_error"]'
kill "${pids[@]:1}"
stop_exporter
exit $failed
