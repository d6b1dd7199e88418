#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Whatever is typed as a name leads to a useful message: the plan for each, on this machine.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=suggestions
. tests/e2e/lib.sh

# says PROBE TEXT: its plan contains TEXT
says() {
	"$exporter" --config.check "$1" > "$temp/out" 2>&1
	if grep -q -F -- "$2" "$temp/out"; then
		ok "$1"
	else
		not_ok "$1" "no \"$2\" in: $(head -n 3 "$temp/out")"
	fi
}

libc=$(ldconfig -p | sed -n "s|.*libc\.so\.6 (libc6,$(uname -m | tr _ -).*=> ||p" | head -n 1)
libc=$(readlink -f "${libc%/*}")/libc.so.6
bash=$(command -v bash)
mapfile -t versions < <(readelf -W --dyn-syms "$libc" | sed -n 's/.* \(memcpy@[^ ]*\).*/\1/p')
tests=26
[ "$(uname -m)" != x86_64 ] || tests=$((tests + 3))
plan $((tests + ${#versions[@]}))
says openat 'did you mean syscall:openat?'
says sys_openat 'did you mean syscall:openat?'
says syscall:__x64_sys_openat 'did you mean syscall:openat?'
says malloc "did you mean $libc:malloc?"
says bash:readline "did you mean $bash:readline?"
says libc:malloc "did you mean $libc:malloc?"
says libc.so.6:malloc "libc.so.6 is not a kernel module; did you mean $libc:malloc?"
says /nowhere/bash:readline "there is no file /nowhere/bash; did you mean $bash:readline?"
says "uprobe:$bash:readline" "write PATH:FUNCTION, as $bash:readline"
says tracepoint:sched:sched_swich 'no tracepoint sched:sched_swich; did you mean sched:sched_switch'
says raw_tracepoint:sched_swich 'no raw tracepoint sched_swich; did you mean sched_switch'
says raw_tp:sched_switch 'write raw_tracepoint:sched_switch'
says tp:sched:sched_switch 'write tracepoint:sched:sched_switch'

# ---- names that only the dynamic linker knows ----
says "$(readlink -f /bin/ls):malloc" "malloc is imported from libc.so.6: probe it there: $libc:malloc"
for name in "${versions[@]}"; do
	says "$libc:$name" "$libc memcpy"
done
says "$libc:memcpy@GLIBC_9" 'memcpy has no version GLIBC_9'
cp "$(command -v busybox)" "$temp/app"
chroot_of="$temp/root"
mkdir -p "$chroot_of/bin" "$chroot_of/lib"
cp "$(command -v ls)" "$chroot_of/bin/ls"
cp "$libc" "$chroot_of/lib"
cp "$temp/app" "$chroot_of/bin/busybox"
chroot "$chroot_of" /bin/busybox sleep 100 &
pids+=($!)
inside=/proc/$!/root
wait_for 10 test -e "$inside/bin/busybox"
says "$inside/bin/ls:malloc" "probe it there: $inside/lib/libc.so.6:malloc"

# ---- C++ ----
cxx=$(ldconfig -p | sed -n "s|.*libstdc++\.so\.6 (libc6,$(uname -m | tr _ -).*=> ||p" | head -n 1)
says "$cxx:std::terminate()" ' std::terminate()  '
says "$cxx:std::terminate" ' std::terminate()  '
says "$cxx:std::string::append" 'functions have that name'

cat > "$temp/app.cc" <<'END'
namespace ns { struct klass { int v; int method(int); }; }
__attribute__((noinline)) int ns::klass::method(int a) { asm volatile(""); return v + a; }
__attribute__((noinline)) int &members(ns::klass &&k, int ns::klass::*v, int (ns::klass::*f)(int)) { k.*v = (k.*f)(1); static int i; return i; }
int main() { ns::klass k{1}; return k.method(1) + members({2}, &ns::klass::v, &ns::klass::method); }
END
if g++ -g -O1 -o "$temp/app.cxx" "$temp/app.cc" 2> "$temp/err"; then
	says "$temp/app.cxx:ns::klass::method" 'int ns::klass::method(struct klass *const this, int a)'
	says "$temp/app.cxx:members" 'int &members(struct klass &&k, int klass::*v, int (klass::*f)(int))'
	says "$temp/app.cxx:_ZN2ns5klass6methodEi" 'int ns::klass::method(struct klass *const this, int a)'
else
	skip 3 "types of C++" "there is no g++"
fi

# ---- BTF ----
cat > "$temp/btf.c" <<'END'
enum shade { DARK = -2, BRIGHT = 3 };
__attribute__((noinline)) enum shade shade_of(const char *const *text) { return *text ? BRIGHT : DARK; }
__attribute__((noinline)) char *(*chooser(void))(const char *, int) { return 0; }
int main(int argc, char **argv) { return shade_of((const char *const *)argv) + !chooser(); }
END
if gcc -gbtf -O1 -o "$temp/btf" "$temp/btf.c" 2> "$temp/err"; then
	says "$temp/btf:chooser" ' pointer   char *(*chooser(void))(const char *, int)'
	says "$temp/btf:shade_of" ' enum      enum shade shade_of(const char *const *text)'
	gcc -g -O1 -o "$temp/dwarf" "$temp/btf.c" && objcopy --add-section ".BTF=$temp/btf.c" "$temp/dwarf"
	says "$temp/dwarf:shade_of" ' enum      enum shade shade_of(const char *const *text)'
	strip -g "$temp/dwarf"
	says "$temp/dwarf:shade_of" 'the types of '"$temp/dwarf"' cannot be read'
else
	skip 4 "types of BTF" "gcc has no -gbtf"
fi

# ---- a system call of 32-bit programs: attached, and 0 calls raise no warning ----
if [ "$(uname -m)" = x86_64 ]; then
	note='only 32-bit programs make this system call; probe syscall:umount2 for 64-bit programs'
	says syscall:umount "$note"
	read -r port < <(free_ports 1)
	"$exporter" "--web.listen-address=127.0.0.1:$port" syscall:umount 2> "$temp/exporter.log" &
	pids+=($!)
	wait_for 60 curl -s -f -o /dev/null "http://127.0.0.1:$port/-/ready" || give_up "it starts" "it did not"
	curl -s "http://127.0.0.1:$port/api/v1/probes" > "$temp/probes"
	if [ "$(jq -r '.probes[0] | "\(.attached) \(.note)"' "$temp/probes")" = "true $note" ]; then
		ok "a note in /api/v1/probes"
	else
		not_ok "a note in /api/v1/probes" "$(cat "$temp/probes")"
	fi
	if grep -q "level=warn.*syscall:umount stays at 0 .*: $note" "$temp/exporter.log"; then
		ok "a warning in the log"
	else
		not_ok "a warning in the log" "$(cat "$temp/exporter.log")"
	fi
fi

exit $failed
