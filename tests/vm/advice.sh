#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks which functions show slow disks and failing connections. Those that documents and presets recommend must
# show them, and those they warn of must not. Runs in a guest with such a disk, on the oldest and the newest kernel
# of the matrix. On the newest, also runs the recipes of deploy/RECIPES.md.
#
#	advice.sh [SERIES...]
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- 5.10 7
tests/vm/kernels.sh "$@" || exit 1
for series; do
	out=$work/$series
	if tests/vm/guest.sh -r -k "$series" -c 1 -o "$out" -t 900 -- tests/vm/advice_guest.sh > "$out.log" 2>&1; then
		python3 -B tests/vm/advice_check.py "$series" "$out" ||
			echo "not ok advice $series: the check ended badly"
		[ ! -e "$out/second" ] || python3 -B tests/vm/recipes_check.py "$out" ||
			echo "not ok recipes: the check ended badly"
	else
		echo "not ok advice $series: $(tail -n 20 "$out.log" | tr '\n' ' ')"
	fi
done
