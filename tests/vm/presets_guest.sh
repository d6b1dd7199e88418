#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest. Attaches all presets without their modules. Then loads one of these modules, and then the
# others. Without multi links, functions of these others are registered with the kernel, and not attached. Writes
# results for presets_check.py.
#
#	presets_guest.sh DIRECTORY MODULE...	modules, from a directory for modprobe -d
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

unpacked=$1
shift

load() { # load MODULE: fails if this kernel has none
	modprobe -d "$unpacked" -q "$1"
}

attach() { # attach NAME PRESET...: one start with all of these
	local name=$1 IFS=,
	shift
	printf 'presets: [%s]\ndefaults: {%s}\n' "$*" "$defaults" >"/tmp/$name.yaml"
	start_exporter --config.file="/tmp/$name.yaml"
	get /metrics "$RESULTS/$name.metrics" || fail "no metrics with presets $*"
}

# Whether the exporter has attached since. The log tells: a page of all functions takes long.
attached_again() { # attached_again LINES-OF-LOG
	local log
	mapfile -t -s "$1" log <"$RESULTS/exporter.log"
	[[ ${log[*]} == *'msg="attached '* ]]
}

# Registers a kretprobe at each function of a module in the plan, without enabling it. The kernel checks the
# same as for an attached one. Spans only have to be in the plan. Enabling takes 0.2 s for each: the kernel goes through all functions of all modules.
register() {
	local object function address n=0
	"$BINARY" --config.check --config.file=/tmp/waiting.yaml >"$RESULTS/plan" 2>"$RESULTS/plan.log" ||
		fail "no plan"
	awk '$1 == "span" && $3 == "span" { print $1, $2 }' "$RESULTS/plan" >>"$RESULTS/registered"
	awk 'NR == FNR { if ($3 == "kretprobe" && $1 != "vmlinux") planned[$1, $2]; next }
		{ gsub(/[][]/, "", $4) }
		($4, $3) in planned { print $4, $3, $1; delete planned[$4, $3] }' "$RESULTS/plan" /proc/kallsyms >/tmp/places
	while read -r object function address; do
		echo "r16:presets/place_$((n += 1)) 0x$address" >>$T/kprobe_events &&
			echo "$object $function" >>"$RESULTS/registered"
	done </tmp/places
}

# The fastest way to attach hundreds of functions without multi links on an emulated CPU. fexit takes seconds
# for each, and so do thousands of return slots.
multi=yes defaults="maxactive: 16"
case $(uname -r) in
5.* | 6.[0-9].*) multi='' defaults="mechanism: kretprobe, maxactive: 16" ;;
esac
PATIENCE=900
export PATIENCE

# Its comment says not to combine it with others.
attach fstype fstype
stop_exporter || fail "stopped badly"

together=()
for preset in deploy/presets/*.yaml; do
	preset=${preset##*/} preset=${preset%.yaml}
	[ "$preset" = fstype ] || together+=("$preset")
done
# Before their modules are loaded, the kernel patches faster.
attach waiting "${together[@]}"
lines=$(wc -l <"$RESULTS/exporter.log")
if load nf_conntrack; then
	wait_until "nf_conntrack" attached_again "$lines"
	$CLIENT until $PORT /metrics 'function="nf_conntrack_in",reason=""} 1' "$RESULTS/arrived.metrics" ||
		fail "nf_conntrack_in is not attached although its module is loaded"
fi

# The exporter is stopped meanwhile, so that it looks for all of them at once.
kill -STOP "${exporter:?}"
loaded=overlay # by the guest's root file system
for module; do
	if load "$module"; then
		loaded+="|$module"
	else
		echo "$module cannot be loaded" >>"$RESULTS/modules"
	fi
done
# The exporter ends with the guest: old kernels take minutes to detach hundreds of functions.
if [ -z "$multi" ]; then
	register
	exit 0
fi
lines=$(wc -l <"$RESULTS/exporter.log")
kill -CONT "$exporter"
wait_until "modules" attached_again "$lines"
$CLIENT until $PORT /metrics "!object=\"($loaded)\".*reason=\"waiting\"" "$RESULTS/together.metrics" ||
	fail "functions still wait although their modules are loaded"
