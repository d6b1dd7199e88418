#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Attaches every function of every preset on every kernel of the matrix, two guests at a time. Where functions are
# attached one by one, those of modules are only registered with the kernel. Each guest has one CPU: hundreds of
# functions are patched, and a single CPU never runs stale code (guest.sh).
#
#	presets.sh [SERIES...]
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

one() { # one SERIES
	local out=$work/$1 code
	tests/vm/guest.sh -r -k "$1" -c 1 -o "$out" -t 1800 -- tests/vm/presets_guest.sh > "$out.log" 2>&1
	code=$?
	{
		grep '^guest: the emulator' "$out.log"
		if [ $code -ne 0 ]; then
			echo "not ok presets $1: exit $code"
			tail -20 "$out.log"
		fi
		python3 -B tests/vm/presets_check.py "$1" "$out"
	} > "$out.verdicts" 2>&1
}

export -f one
export work
[ $# -gt 0 ] || mapfile -t all < <(tests/vm/kernels.sh --list)
[ $# -gt 0 ] || set -- "${all[@]}"
tests/vm/kernels.sh "$@" || exit 1
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'one {}'
for series; do
	cat "$work/$series.verdicts"
done
