#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# User functions by library, comm and pid, in every container, as processes come and go. Mount namespaces with
# other files at the same path stand for containers.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=programs
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP programs: attaching needs root"
	exit 0
fi
plan 26

# ---- a library and its programs --------------------------------------------------------------------------------------
cat >"$temp/tick.c" <<'END'
#ifdef OTHER /* puts the function elsewhere */
__attribute__((noinline)) int before(int x) { __asm__ volatile("" : "+r"(x)); return OTHER * x + 1; }
#endif
__attribute__((noinline)) int tick(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x > 5 ? x : 1;
}
END
cat >"$temp/prog.c" <<'END'
#include <stdio.h>
extern int tick(int x);
__attribute__((noinline)) int own(int x) { __asm__ volatile("" : "+r"(x)); return x; }
__attribute__((noinline)) int also(int x) { __asm__ volatile("" : "+r"(x)); return x; }
/* Calls tick() once per byte of input, and prints a dot per call. With an argument, that often and at once. */
int main(int argc, char **argv)
{
	int c, sum = 0;

	if (argc > 1) {
		for (const char *p = argv[1]; *p; p++)
			sum += tick(*p);
		return sum == 1;
	}
	while ((c = getchar()) != EOF) {
		sum += tick(c);
		sum += own(c) + also(c);
		putchar('.');
		fflush(stdout);
	}
	return sum == 1;
}
END

build() { # build FILE OPTION...: a build of the library
	gcc -O1 -shared -fPIC -Wl,-soname,libtick.so.1 "${@:2}" -o "$1" "$temp/tick.c" 2>"$temp/gcc.log" ||
		give_up "$1" "it cannot be built"
}

mkdir "$temp/lib" "$temp/builds" || exit 1
lib=$temp/lib/libtick.so.1.2
build "$lib"
ln -s libtick.so.1.2 "$temp/lib/libtick.so.1"
for n in 2 3 4 5 6; do
	build "$temp/builds/$n" "-DOTHER=$n"
done
gcc -O1 -o "$temp/one" "$temp/prog.c" -L"$temp/lib" -l:libtick.so.1 -Wl,-rpath,"$temp/lib" 2>"$temp/gcc.log" ||
	give_up "setup" "the program cannot be built"
for name in two three four five six; do
	cp "$temp/one" "$temp/$name"
done

# ---- processes -------------------------------------------------------------------------------------------------------
# A process in a mount namespace of its own, in which the library is another file.
contain() { # contain NAME LIBRARY
	start_program "$1" unshare --mount sh -c "mount --bind '$2' '$lib' && exec '$temp/$1'"
}

call() { # call NAME TIMES
	local before
	before=$(stat -c %s "$temp/$1.out")
	printf '%*s' "$2" '' >&"${program_inputs[$1]}"
	wait_for 60 has_dots "$1" $((before + $2)) || give_up "$1" "it does not go on"
}

end() { # end NAME
	local fd=${program_inputs[$1]}
	exec {fd}>&-
	wait "${program_pids[$1]}" 2>/dev/null
	rm "$temp/$1.in" "$temp/$1.out"
	unset "program_inputs[$1]"
}

# Without their input, all programs end.
# shellcheck disable=SC2317 # called by the trap
end_all() {
	for fd in "${program_inputs[@]}"; do
		exec {fd}>&-
	done
	[ -z "${pod-}" ] || rmdir "$pod"/* "$pod" 2>/dev/null
}
trap 'end_all; finish' EXIT

# ---- metrics ---------------------------------------------------------------------------------------------------------
scrape() {
	get /metrics "$temp/metrics" || give_up "scrape" "it fails"
}

# The sum of the values of series whose names and labels match all of the expressions.
sum() { # sum EXPRESSION...
	awk -v n=$# 'BEGIN { for (i = 0; i < n; i++) { e[i] = ARGV[i + 1]; ARGV[i + 1] = "" } }
		/^[^#]/ { for (i = 0; i < n; i++) if ($0 !~ e[i]) next; s += $NF } END { print s + 0 }' "$@" "$temp/metrics"
}

calls() { # calls OBJECT FUNCTION [COMM]
	sum '^retprobe_duration_seconds_count' "object=\"$1\"" "function=\"$2\"" "${3:+comm=\"$3\"}"
}

files() { # files OBJECT FUNCTION
	sum '^retprobe_probe_files' "object=\"$1\"" "function=\"$2\"" 'state="attached"'
}

has_files() { # has_files OBJECT FUNCTION NUMBER
	scrape
	[ "$(files "$1" "$2")" -eq "$3" ]
}

await_files() { # await_files OBJECT FUNCTION NUMBER
	wait_for 60 has_files "$@" || give_up "$1:$2" "it has $(files "$1" "$2") files instead of $3"
}

expect() { # expect NAME EXPECTED ACTUAL
	if [ "$2" == "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "$3 instead of $2"
		grep -E '^retprobe_(duration_seconds_count|missed|probe_)' "$temp/metrics" | sed 's/^/    /' | head -n 40
	fi
}

missed() {
	sum '^retprobe_missed_total' 'reason="(no_entry|recursion|unwound)"'
}

# ---- by library ------------------------------------------------------------------------------------------------------
cat >"$temp/library.yaml" <<'END'
probes:
  - user: {library: libtick.so.1, functions: [tick]}
    labels: [comm]
END
launch "$temp/library.log" --config.file="$temp/library.yaml" || give_up "library" "the exporter does not start"
wait_ready 60 || give_up "library" "the exporter is not ready"
scrape
expect "without a process it waits" 1 \
	"$(grep -c '^retprobe_probe_attached{object="libtick.so.1",function="tick",reason="waiting"} 0$' "$temp/metrics")"

start_program one "$temp/one"
contain two "$temp/builds/2"
contain three "$temp/builds/3"
await_files libtick.so.1 tick 3
call one 7
call two 11
call three 13
scrape
expect "the host" 7 "$(calls libtick.so.1 tick one)"
expect "a container" 11 "$(calls libtick.so.1 tick two)"
expect "another container" 13 "$(calls libtick.so.1 tick three)"

# A known file: from the first call on.
cp "$temp/one" "$temp/seven"
start_program seven "$temp/seven"
call seven 5
scrape
expect "a later process, from its first call on" 5 "$(calls libtick.so.1 tick seven)"

contain four "$temp/builds/4"
await_files libtick.so.1 tick 4
call four 17
call one 1
scrape
expect "a container that is started later" 17 "$(calls libtick.so.1 tick four)"
expect "the others go on" "8 11 13" \
	"$(calls libtick.so.1 tick one) $(calls libtick.so.1 tick two) $(calls libtick.so.1 tick three)"

# Programs that live for milliseconds.
cp "$temp/one" "$temp/brief"
for ((i = 0; i < 200; i++)); do
	"$temp/brief" abc
done
scrape
expect "processes that come and go" 600 "$(calls libtick.so.1 tick brief)"


get /api/v1/probes "$temp/probes.json" || give_up "the page of probes" "no answer"
expect "the page of probes has the files" "4 4 0" \
	"$(jq -r '.probes[0] | "\(.file_count) \(.files | length) \(.left_out)"' "$temp/probes.json")"

# A container's library is replaced: the former file is deleted, but its process goes on with it.
cp "$lib" "$temp/copy"
mkfifo "$temp/six.in"
start_program five unshare --mount sh -c "mount -t tmpfs none '$temp/lib' && cp '$temp/copy' '$lib' &&
	ln -s libtick.so.1.2 '$temp/lib/libtick.so.1' && { '$temp/five' <&3 & } 3<&0
	while [ ! -e '$temp/replace' ]; do sleep 0.1; done
	rm '$lib' && cp '$temp/builds/5' '$lib' && exec '$temp/six' <'$temp/six.in' >'$temp/six.out'"
await_files libtick.so.1 tick 5
call five 3
touch "$temp/replace"
exec {fd}>"$temp/six.in"
program_inputs[six]=$fd
await_files libtick.so.1 tick 6
call five 4
call six 9
scrape
expect "a file that was replaced in a container" "7 9" \
	"$(calls libtick.so.1 tick five) $(calls libtick.so.1 tick six)"

# ---- hostile processes -----------------------------------------------------------------------------------------------
# Maps files of that name that are no libraries: one that is deleted and a FIFO by now, one in a directory with a
# newline, 70 in all, and one 60000 times.
cat >"$temp/hostile.py" <<'END'
import ctypes, os, sys
top = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
def junk(directory):
    os.makedirs(directory)
    path = directory + "/libtick.so.1"
    with open(path, "wb") as f:
        f.write(os.urandom(4096))
    with open(path, "rb") as f:
        for _ in range(60000 if directory.endswith("/many") else 1):
            if libc.mmap(None, 4096, 5, 2, f.fileno(), 0) == 2**64 - 1: # readable, executable; private
                sys.exit(os.strerror(ctypes.get_errno()))
    return path
path = junk(top + "/deleted")
os.unlink(path)
os.mkfifo(path)
junk(top + "/a\n7f0000000000-7f0000001000 r-xp 00000000 00:00 1 /b\\012\x1b[2J")
junk(top + "/many")
for i in range(67):
    junk(f"{top}/{i}")
print(".", end="", flush=True)
sys.stdin.read()
END
start_program hostile python3 "$temp/hostile.py" "$temp/hostile"
wait_for 60 has_dots hostile 1 || give_up "hostile" "it does not go on"
is_left_out() {
	scrape
	[ "$(sum '^retprobe_probe_files' 'state="left_out"')" -gt 0 ]
}
wait_for 240 is_left_out || give_up "hostile" "nothing is left out"
call one 2
call two 2
scrape
expect "a hostile process: the others are counted" "10 13" \
	"$(calls libtick.so.1 tick one) $(calls libtick.so.1 tick two)"
expect "a hostile process: files beyond the limit are left out, none of them is attached" "6" \
	"$(files libtick.so.1 tick)"
expect "a hostile process: names are escaped in the log" 0 "$(grep -c $'\e' "$temp/library.log")"
expect "nothing is missed" 0 "$(missed)"
end hostile
stop_exporter

# ---- by process ------------------------------------------------------------------------------------------------------
ln "$temp/one" "$temp/eight" # the same file with another name
start_program eight "$temp/eight"
# The same in the cgroup of a pod's container, as a kubelet and containerd name it, and outside.
uid=$(tr -d '\n' </proc/sys/kernel/random/uuid)
id=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
pod=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/kubepods-besteffort-pod${uid//-/_}.slice
mkdir "$pod" "$pod/cri-containerd-$id.scope" || give_up "process" "cannot make a cgroup"
ln "$temp/seven" "$temp/nine"
# shellcheck disable=SC2016 # the inner shell's own process
start_program nine sh -c 'echo $$ >"$0/cgroup.procs" && exec "$1"' "$pod/cri-containerd-$id.scope" "$temp/nine"
cat >"$temp/process.yaml" <<END
probes:
  - user: {comm: one, functions: [own]}
  - user: {pid: ${program_pids[eight]}, functions: [also]}
  - user: {library: libtick.so.1, comm: two, functions: [tick]}
  - user: {container: ${id:0:12}, functions: [own]}
  - user: {pod_uid: $uid, functions: [also]}
  - {user: {object: $temp/six, functions: [also]}, labels: [pod_uid, container_id]}
END
launch "$temp/process.log" --config.file="$temp/process.yaml" || give_up "process" "the exporter does not start"
wait_ready 60 || give_up "process" "the exporter is not ready"
call one 3
call two 4
call three 5
call eight 6
call seven 7
call nine 8
# A container that is gone before the exporter has looked for its name.
brief=$(tr 0-9a-f 1-9a-f0 <<<"$id")
mkdir "$pod/cri-containerd-$brief.scope" || give_up "process" "cannot make a cgroup"
# shellcheck disable=SC2016 # the inner shell's own process
printf '%9s' '' | sh -c 'echo $$ >"$0/cgroup.procs" && exec "$1"' "$pod/cri-containerd-$brief.scope" "$temp/six" >/dev/null
rmdir "$pod/cri-containerd-$brief.scope" || give_up "process" "a cgroup stays"
scrape
expect "labels of a container that is gone" 9 "$(sum '^retprobe_duration_seconds_count' 'function="also"' \
	"pod_uid=\"$uid\"" "container_id=\"containerd://$brief\"")"
expect "comm: calls of that program only" 3 "$(calls comm:one own)"
expect "pid: calls of that process only" 6 "$(calls "pid:${program_pids[eight]}" also)"
expect "container: calls of its processes only" 8 "$(calls "container:${id:0:12}" own)"
expect "pod_uid: calls of its processes only" 8 "$(calls "pod_uid:$uid" also)"
expect "library and comm: calls of both only" 4 "$(calls libtick.so.1 tick)"
cat >"$temp/process.yaml" <<END
probes:
  - user: {object: $lib, functions: [tick]}
  - user: {library: libtick.so.1, functions: [tick]}
  - user: {comm: one, functions: [own]}
END
kill -HUP "$pid"
await_files libtick.so.1 tick 5
call one 5
call two 6
call three 7
scrape
expect "a reload keeps what stays" 8 "$(calls comm:one own)"
expect "a file that is also named by its path is probed once" "5 13" \
	"$(calls "$lib" tick) $(calls libtick.so.1 tick)"
"$exporter" --config.check --config.file="$temp/process.yaml" >"$temp/plan" 2>&1
expect "--config.check shows the files" 1 "$(grep -c "^    files: 5, and 1 more that are not counted$" "$temp/plan")"
# Debian 11 names files like this: the library's name is only in the file. Another library has a similar name.
mkdir "$temp/renamed.lib"
build "$temp/renamed.lib/libtick-2.31.so" -DOTHER=7
ln -s libtick-2.31.so "$temp/renamed.lib/libtick.so.1"
build "$temp/renamed.lib/libtick-other.so" -Dtick=other -Wl,-soname,libtick-other.so
cp "$temp/one" "$temp/renamed"
start_program renamed unshare --mount sh -c "mount --bind '$temp/renamed.lib' '$temp/lib' &&
	LD_PRELOAD='$temp/lib/libtick-other.so' exec '$temp/renamed'"
await_files libtick.so.1 tick 6
call renamed 6
scrape
expect "a library by its SONAME" 19 "$(calls libtick.so.1 tick)"
expect "nothing is missed by process" 0 "$(missed)"
stop_exporter
end renamed # has the inputs of the others, too
end nine

# ---- processes that are hidden ---------------------------------------------------------------------------------------
unshare --mount sh -c "mount -t proc -o hidepid=4 proc /proc && exec setpriv --bounding-set=-sys_ptrace '$exporter' \
	--config.check --config.file='$temp/library.yaml'" >"$temp/plan" 2>&1
expect "it says that it does not see all processes" 1 "$(grep -c 'mapped yet; .* needs CAP_SYS_PTRACE' "$temp/plan")"
exit "$failed"
