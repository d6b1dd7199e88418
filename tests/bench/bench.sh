#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The cost of the exporter, compared with its mechanisms without a body, and with other tools:
#
#	bench.sh [-j GUESTS] [-p PART,PART...] [-r ROWS,ROWS...] [SERIES|native...]
#
# SERIES are kernels of tests/vm/kernels.sh (default: the test matrix, and native). The parts:
# - instructions: guests that count them, independent of the load of this machine
# - scale: guests, timed
# - calls and scrapes: native, timed
#
# Timed parts run one at a time, and need an otherwise idle machine. -r selects groups of rows of the
# instructions (rows= below). Former results of other rows stay in the table. At most -j guests (2) count at
# once. Prints tables in Markdown, and keeps them in build/bench.md. Their data is in build/bench/.
set -u
cd "$(dirname "$0")/../.." || exit 1
command_line="make bench${*:+ ARGS='$*'}"
parts=instructions,scale,calls,scrapes
rows=mechanisms,many,syscalls,labels,samples,tools,patterns,points,users
chosen=''
guests_at_once=2
out=build/bench

die() {
	echo "bench: $*" >&2
	exit 1
}

say() {
	echo "bench: $*" >&2
}

while getopts j:p:r: option; do
	case $option in
	j) guests_at_once=$OPTARG ;;
	p) parts=$OPTARG ;;
	r) rows=$OPTARG chosen=yes ;;
	*) die "usage: bench.sh [-j GUESTS] [-p PART,PART...] [-r ROWS,ROWS...] [SERIES|native...]" ;;
	esac
done
shift $((OPTIND - 1))
# shellcheck disable=SC2046 # words
[ $# -gt 0 ] || set -- $(tests/vm/kernels.sh --list) native
for series; do
	build=build how='make bench'
	case $series in
	*-arm64) build=build/arm64 how=tests/deploy/cross.sh ;;
	esac
	for program in retprobe_exporter bench_calls bench_empty bench_many bench_pattern; do
		[ -x $build/$program ] || die "$build/$program is not there: run $how"
	done
done

has_part() { # has_part PART
	case ,$parts, in
	*,"$1",*) ;;
	*) return 1 ;;
	esac
}

# The tools to compare with. A tool that is missing and cannot be installed is a "-" in the table.
install_tools() {
	local missing='' package
	for package in bpftrace libbpf-tools; do
		dpkg-query -W -f '${Status}' $package 2>/dev/null | grep -q ' installed$' ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return
	say "installing$missing, to compare with"
	# shellcheck disable=SC2086 # words
	apt-get install -qq -y --no-install-recommends $missing >/dev/null ||
		say "$missing cannot be installed: their lines will be empty"
}

guest() { # guest SERIES PART [GUEST OPTIONS]
	local series=$1 part=$2 code
	shift 2
	[ -n "$chosen" ] || rm -rf "${out:?}/$series/$part"
	mkdir -p "$out/$series/$part"
	say "$series: $part"
	tests/vm/guest.sh -k "$series" -o "$out/$series/$part" "$@" -- "tests/bench/$part.sh" \
		>"$out/$series/$part/log" 2>&1
	code=$?
	[ $code -eq 0 ] || say "$series: $part ended with $code: see $out/$series/$part/log"
	return $code
}

# shellcheck disable=SC2317 # xargs calls it
instructions() { # instructions SERIES
	ICOUNT=1 guest "$1" instructions -t 7200 -m 3072 -e "BENCH_ROWS=$rows"
}

native() { # native PART
	rm -rf "${out:?}/native/$1"
	mkdir -p "$out/native/$1"
	say "native: $1"
	RESULTS=$out/native/$1 "tests/bench/$1.sh" >"$out/native/$1/log" 2>&1
}

# How the tables were made: NAME, VALUE.
conditions() {
	local package
	printf 'command\t%s\n' "$command_line"
	printf 'qemu\t%s\n' "$("qemu-system-$(uname -m)" --version | sed -n '1s/ *(.*//; 1s/.*version //p')"
	printf 'clang\t%s\n' "$(clang --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')"
	for package in bpftrace libbpf-tools; do
		printf '%s\t%s\n' $package \
			"$(dpkg-query -W -f '${Version}' $package 2>/dev/null || echo 'not installed')"
	done
	printf 'machine\t%s, %d CPUs, Linux %s\n' \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)"
	printf 'load\t%s\n' "$(cut -d ' ' -f 1 /proc/loadavg)"
}

export -f instructions guest say
export out rows chosen
if has_part instructions && [[ ,$rows, =~ ,(tools|points|users), ]]; then
	install_tools
fi
guests=''
for series; do
	[ "$series" = native ] && continue
	tests/vm/kernels.sh "$series" || exit 1
	guests="$guests $series"
done
mkdir -p "$out"
conditions >"$out/conditions"
failed=0
if has_part instructions && [ -n "$guests" ]; then
	# shellcheck disable=SC2086 # words
	printf '%s\n' $guests | xargs -P "$guests_at_once" -I{} bash -c 'instructions {}' || failed=1
fi
if has_part scale; then
	for series in $guests; do
		guest "$series" scale -t 3600 -m 6144 \
			${BENCH_MECHANISMS+-e "BENCH_MECHANISMS=$BENCH_MECHANISMS"} \
			${BENCH_COUNTS+-e "BENCH_COUNTS=$BENCH_COUNTS"} || failed=1
	done
fi
case " $* " in
*' native '*)
	for part in calls scrapes; do
		! has_part $part || native $part || failed=1
	done
	;;
esac
# shellcheck disable=SC2086 # words
python3 tests/bench/report.py "$out" "$parts" $guests >build/bench.md || exit 1
cat build/bench.md
exit $failed
