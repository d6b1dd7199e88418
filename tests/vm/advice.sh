#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What documents and presets recommend for slow disks and failing connections shows these, and what they warn of
# does not: in a guest with such a disk, on the newest kernel of the matrix and on the oldest.
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
	if tests/vm/guest.sh -r -k "$series" -o "$out" -t 900 -- tests/vm/advice_guest.sh > "$out.log" 2>&1; then
		python3 -B tests/vm/advice_check.py "$series" "$out" ||
			echo "not ok advice $series: the check ended badly"
	else
		echo "not ok advice $series: $(tail -n 20 "$out.log" | tr '\n' ' ')"
	fi
done
