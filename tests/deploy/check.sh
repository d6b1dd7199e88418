#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks what is delivered with the program: presets parse and can be combined, the manual page has every
# flag, the unit is valid. Attaches nothing.
set -u
cd "$(dirname "$0")/../.." || exit 1
x=$PWD/build/retprobe_exporter
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

# run NAME COMMAND...: checks that it succeeds
run() {
	local name=$1
	shift
	if "$@" > "$temp/output" 2>&1; then
		echo "ok deploy $name"
	else
		echo "not ok deploy $name: $(tail -n 5 "$temp/output" | tr '\n' ' ')"
	fi
}

# Every preset by itself, and all together except fstype, which replaces others.
presets() {
	local file name all=()
	for file in deploy/presets/*.yaml; do
		name=${file##*/} name=${name%.yaml}
		"$x" --config.check --preset="$name" > /dev/null || return 1
		[ "$name" = fstype ] || all+=(--preset="$name")
	done
	[ ${#all[@]} -gt 10 ] && "$x" --config.check "${all[@]}" > /dev/null
}

# Each preset begins with a comment, and has at least one more.
explained() {
	awk '
		FNR == 1 { lists++; comments = 0; first = $0 ~ /^# / }
		/# / { words[FILENAME]++ }
		/^      - / { functions[FILENAME]++ }
		FNR == 1 && !first { print FILENAME ": does not begin by saying what it is for"; bad = 1 }
		END {
			for (file in functions)
				if (words[file] < 2) {
					print file ": explains nothing"
					bad = 1
				}
			exit bad || lists < 10
		}' deploy/presets/*.yaml
}

# The same presets as in the table of deploy/presets/README.md.
listed() {
	diff <(sed -n '/^## Presets/,/^## Start/p' deploy/presets/README.md | grep '^| `' | cut -d '|' -f 2 |
		grep -o '[a-z0-9_-]*' | sort) <(basename -s .yaml deploy/presets/*.yaml | sort)
}

manual_flags() {
	local flag missing=
	for flag in $("$x" --help | grep -o -E '^ {2,6}(-h, )?--[][a-z.-]*' | sed 's/.*--//; s/\[no-\]//; s/\[$//'); do
		sed 's/\\-/-/g' deploy/man/retprobe_exporter.1 | grep -q -F -e "--$flag" || missing+=" $flag"
	done
	[ -n "${flag:-}" ] || missing=" all: --help shows none"
	echo "not in the manual page:$missing"
	[ -z "$missing" ]
}

manual_page() {
	LC_ALL=C.UTF-8 man --warnings=w -E UTF-8 -l -Tutf8 -Z deploy/man/retprobe_exporter.1 2>&1 > /dev/null |
		tee "$temp/warnings"
	[ ! -s "$temp/warnings" ]
}

# With the program where the unit expects it, and no warning about any line.
unit() {
	sed "s|/usr/bin/retprobe_exporter|$x|" deploy/systemd/retprobe-exporter.service \
		> "$temp/retprobe-exporter.service"
	cp deploy/systemd/retprobe-exporter.socket "$temp/"
	systemd-analyze verify --man=no "$temp/retprobe-exporter.socket" \
		"$temp/retprobe-exporter.service" 2>&1 | tee "$temp/complaints"
	! grep -q retprobe "$temp/complaints"
}

# hardened PROGRAM OBJECT...: built with the Makefile's HARDENING. The program's note about control flow also
# depends on the C library's startup files, so the objects are checked.
hardened() {
	local program=$1
	shift
	readelf -hldW --dyn-syms "$program" > "$temp/elf" || return 1
	readelf -nW "$@" > "$temp/notes"
	awk -v objects=$# '
		FILENAME == ARGV[2] { notes += /IBT, SHSTK|BTI/; next }
		/Type: +DYN/ { has["position independent"] = 1 }
		/BIND_NOW/ { has["BIND_NOW"] = 1 }
		/GNU_RELRO/ { has["RELRO"] = 1 }
		/GNU_STACK/ { has["stack that cannot be executed"] = !/RWE/ }
		/ LOAD .*RWE/ { print "a segment can be written and executed"; bad = 1 }
		/\((RPATH|RUNPATH)\)/ { print "has a RPATH"; bad = 1 }
		/ __stack_chk_fail@/ { has["stack protector"] = 1 }
		/_chk@/ && !/__stack_chk/ { has["FORTIFY"] = 1 }
		END {
			n = split("position independent|BIND_NOW|RELRO|stack that cannot be executed|" \
				  "stack protector|FORTIFY", want, "|")
			for (i = 1; i <= n; i++)
				if (!has[want[i]]) {
					print "not: " want[i]
					bad = 1
				}
			if (notes < objects) {
				print "control flow protection in " notes + 0 " of " objects " objects"
				bad = 1
			}
			exit bad
		}' "$temp/elf" "$temp/notes"
}

echo 1..7
run "program is hardened" hardened "$x" build/main.o build/http/http.o build/elf/symbols.o build/access/tls.o
run "presets parse and combine" presets
run "presets are explained" explained
run "presets are listed" listed
run "manual page has every flag" manual_flags
if command -v man > /dev/null; then
	run "manual page has no warnings" manual_page
else
	echo "SKIP deploy manual page has no warnings: man is not here: make deps"
fi
if command -v systemd-analyze > /dev/null; then
	run "systemd unit" unit
else
	echo "SKIP deploy systemd unit: systemd-analyze is not here"
fi
