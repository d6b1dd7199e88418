#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tries which capabilities each mechanism needs, in guests of each kernel. Prints a Markdown table.
#
#	capabilities.sh [SERIES...]
#
# Everything needs CAP_BPF and CAP_PERFMON. A cell has the additional capabilities with
# kernel.perf_event_paranoid at 3, Debian's default, and after the slash at 2.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck disable=SC2046 # words
[ $# -gt 0 ] || set -- $(tests/vm/kernels.sh --list)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for series; do
	tests/vm/kernels.sh "$series"
	mkdir "$work/$series"
	tests/vm/guest.sh -k "$series" -o "$work/$series" -t 1200 -- tests/vm/capabilities_guest.sh \
		>"$work/$series/log" 2>&1 || {
		cat "$work/$series/log" >&2
		exit 1
	}
done
printf '| |'
for series; do printf ' %s |' "$(cut -d+ -f1 "$work/$series/kernel")"; done
printf '\n|---|'
for series; do printf -- '---|'; done
printf '\n'
for mechanism in fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe tracepoint \
	uprobe.ret uprobe.session uprobe.multi uretprobe event raw_event kprobe uprobe; do
	# shellcheck disable=SC2016 # Markdown
	printf '| `%s` |' $mechanism
	for series; do
		awk -F '\t' -v mechanism=$mechanism '
			$1 == mechanism && $4 == "yes" {
				sub(/^cap_bpf cap_perfmon ?/, "", $3)
				gsub(/cap_/, "", $3)
				gsub(/ /, " + ", $3)
				need[$2] = $3 == "" ? "nothing" : toupper($3)
			}
			END {
				if (!(3 in need) && !(2 in need))
					printf " - |"
				else if (need[3] == need[2])
					printf " %s |", need[3]
				else
					printf " %s / %s |", need[3], need[2]
			}' "$work/$series/trials"
	done
	printf '\n'
done
