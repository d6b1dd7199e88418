#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Cross-compiles the exporter for arm64 as its container image does (deploy/container), with the BPF programs.
# Then runs it in QEMU's user mode, with the image's root file system:
#
#	arm64.sh [units]	units: and the unit tests
#
# Needs root, for the file system with arm64's libraries, which consists of this machine's Debian packages.
set -u
cd "$(dirname "$0")/../.." || exit 1
work='' # storage__open makes it
. tests/deploy/storage.sh

[ "$(dpkg --print-architecture 2> /dev/null)" = amd64 ] || skip "arm64 is cross-compiled on amd64 only"
# Ubuntu has arm64 packages on another mirror, which apt does not know here.
grep -q '^ID=debian' /etc/os-release || skip "arm64's packages are beside amd64's on Debian's mirrors only"
storage__open

result() { # result NAME CODE: the command's output is in $work/log
	if [ "$2" = 0 ]; then
		echo "ok arm64: $1"
	else
		echo "not ok arm64: $1: exit $2"
		tail -n 30 "$work/log" | sed 's/^/    /'
	fi
}

inside() { # a command in the container
	buildah run "$container" -- sh -ec "$1" > "$work/log" 2>&1 < /dev/null
}

# Signs return addresses with a cheap hash. The hash of the architecture takes half of the time.
emulator='qemu-aarch64 -cpu max,pauth-impdef=on'
# Tests that QEMU's user mode or the cross compiler cannot run.
filters="no system call filters in QEMU's user mode"
memory="QEMU's user mode maps memory in its own way: sealed memory can be made writable"
declare -A without=(
	[test_confine]=$filters
	[test_confined]=$filters
	[test_privs]=$filters
	[test_seccomp]=$filters
	[test_expo]="no AddressSanitizer, whose hooks it counts allocations by"
)
# Test functions that fail for such a reason, in order: exactly these.
declare -A qemu=(
	[test_config_top]=test_short_paths
	[test_debug_file]="test_bomb test_by_link test_debugdata test_hostile_links test_of_another_build test_symbols test_weak"
	[test_demangle]=test_names
	[test_discover_user]="test_demangled test_demangled_returns test_list test_other_kinds test_user test_user_denied test_user_refused"
	[test_elf]="test_cold_halves test_dynamic test_exported_versions test_hazards test_names test_no_functions test_offsets test_refused test_self"
	[test_label_sets]=test_hostile_server
	[test_locate]=test_library
	[test_missed]=hostile_server
	[test_modules]=test_names
	[test_named_probes]=programs
	[test_self]=test_process
	[test_names]="test_aliases test_clones test_exclusion test_globs test_lenient test_paths test_settings"
	[test_opened_file]="test_process_root test_read_only_mount"
	[test_program_files]="test_library test_many_sonames test_soname test_too_many"
	[test_served]=nothing_can_be_written
	[test_shared_memory]=is_written_by_nobody_else
	[test_soname]="test_longest test_name"
	[test_user_callers]="functions_of_a_library functions_of_a_process"
	[test_web_broker]=test_hostile_confined
)
mapped="QEMU's user mode maps code without the permission to execute it"
declare -A because=(
	[test_config_top]=$filters
	[test_debug_file]=$filters
	[test_demangle]=$filters
	[test_discover_user]=$filters
	[test_elf]=$filters
	[test_label_sets]=$memory
	[test_locate]=$filters
	[test_missed]=$memory
	[test_modules]=$mapped
	[test_named_probes]=$filters
	[test_self]="QEMU makes up /proc/self/stat"
	[test_names]=$filters
	[test_opened_file]="no openat2(2) in QEMU's user mode, and no mounts in the container"
	[test_program_files]=$mapped
	[test_served]=$memory
	[test_shared_memory]=$memory
	[test_soname]=$filters
	[test_user_callers]=$mapped
	[test_web_broker]=$filters
)
all=()
[ "${1:-}" != units ] || all=(tests/unit/test_*.c)
echo "1..$((7 + (${#all[@]} ? 1 + ${#all[@]} + ${#qemu[@]} : 0)))"
tests=()
for test in "${all[@]}"; do
	test=${test##*/} test=${test%.c}
	if [ -n "${without[$test]:-}" ]; then
		echo "SKIP arm64: unit/$test: ${without[$test]}"
	else
		tests+=("$test")
	fi
done
if ! packages=$(deploy/container/build.sh -a arm64 -p 2> "$work/log"); then
	result "compilers and libraries" 1
	exit 1
fi
container=$(buildah from --pull=never "$packages")
mkdir "$work/context"
git ls-files -z | tar -c --null -T - | tar -x -C "$work/context"
buildah copy -q "$container" "$work/context" /src > /dev/null

# The container image does not need these packages; the tests do.
inside 'apt-get update -qq -o Acquire::Retries=5 &&
	apt-get install -y -qq --no-install-recommends -o Acquire::Retries=5 qemu-user openssl libcmocka-dev:arm64'
result "what runs it" $?
inside 'sh /src/deploy/container/root.sh arm64 0 /out'
result "compiled and linked" $?
inside 'cd /src/build && for file in retprobe_exporter *.o */*.o; do
		machine=$(aarch64-linux-gnu-readelf -h $file | sed -n "s/ *Machine: *//p")
		case $file:$machine in
		retprobe.bpf.o:*BPF* | *:AArch64) ;;
		*) echo "$file is for $machine" && exit 1 ;;
		esac
	done'
result "all of it for arm64" $?

# With the libraries of the image.
exporter='exporter() { '$emulator' -L /out /out/usr/bin/retprobe_exporter "$@"; }'
inside "$exporter; exporter --help | grep -q config.strict"
result "--help" $?
inside "$exporter; exporter --version | tee /dev/stderr | grep -q 'retprobe_exporter, version'"
result "--version" $?
# The attachable functions depend on the machine. The existing ones do not.
inside "$exporter; exporter --config.check syscall:openat syscall:ppoll > /out/plan
	cat /out/plan
	grep -E '^syscall +openat ' /out/plan"
result "--config.check" $?

# Without the image's libraries.
inside 'cd /src && archive=$(SOURCE_DATE_EPOCH=0 sh deploy/archive/archive.sh arm64) && tar -x -C /opt -f $archive &&
	cd /opt/* && '"$emulator"' lib/ld-linux-aarch64.so.1 --inhibit-cache --library-path lib lib/retprobe_exporter --version &&
	aarch64-linux-gnu-readelf -h retprobe_exporter | grep -q "Machine: *AArch64"'
result "archive" $?

[ ${#all[@]} -gt 0 ] || exit 0
# Uses the exporter's objects, except the one that tests build with shorter pauses.
inside "cd /src && PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig \
	make -s -j2 CC=aarch64-linux-gnu-gcc SAN_CC=aarch64-linux-gnu-gcc SAN=-O0 SAN_LD= ARCH=arm64 REVISION=0 \
	UNIT_LIB='\$(patsubst \$(B)/access/access.o,\$(B)/unit/access/access.o,\$(filter-out \$(B)/main.o,\$(OBJ))) \
		\$(DATA:%=\$(B)/%.o)' $(printf 'build/unit/%s ' "${tests[@]}")"
result "unit tests compiled" $?
inside "cd /src && printf '%s\n' ${tests[*]} | xargs -P 2 -I TEST sh -c '
		code=0
		timeout 1200 $emulator build/unit/TEST > TEST.log 2>&1 || code=\$?
		echo \$code > TEST.code'
	for test in ${tests[*]}; do
		read -r code < \$test.code
		[ \$code = 0 ] || cat \$test.log
		echo verdict \$test \$code
	done"
cp "$work/log" "$work/tests"
for test in "${tests[@]}"; do
	code=$(sed -n "s/^verdict $test //p" "$work/tests")
	# The output since the previous verdict.
	awk -v test="$test" '$1 == "verdict" { if ($2 == test) printf "%s", text; text = ""; next }
		{ text = text $0 "\n" }' "$work/tests" > "$work/log"
	failed=$(sed -n 's/^\[  FAILED  \] \([a-z0-9_]*\)$/\1/p' "$work/log" | LC_ALL=C sort -u | tr '\n' ' ')
	failed=${failed% }
	if [ "$code" != 0 ] && [ -n "$failed" ] && [ "$failed" = "${qemu[$test]:-}" ]; then
		echo "SKIP arm64: unit/$test, $failed: ${because[$test]}"
		code=0
	elif [ -n "${qemu[$test]:-}" ]; then
		[ "$code" != 0 ]
		result "unit/$test, ${qemu[$test]}: no reason to skip it" $?
	fi
	result "unit/$test" "${code:-missing}"
done
