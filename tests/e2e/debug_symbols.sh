#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Stripped programs with installed debug symbols: where these are found, and where not. Needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=debug_symbols
. tests/e2e/lib.sh
plan 12

cat > "$temp/app.c" <<'END'
#include <unistd.h>
__attribute__((noinline)) static int parse(int x) { __asm__ volatile(""); return x & 3; }
int main(int argc, char **argv) { int s = 0; for (int i = 0; i < 7; i++) s += parse(i); if (argc > 1) sleep(100); return !s; }
END

# build DIR: DIR/app is stripped, app.debug has its symbols
build() {
	mkdir -p "$1" && gcc -g -O1 -static -Wl,--build-id -o "$1/app" "$temp/app.c" &&
		objcopy --only-keep-debug "$1/app" "$1/app.debug" && strip -s "$1/app" &&
		objcopy --add-gnu-debuglink="$1/app.debug" "$1/app"
}

# place FILE: the path of its debug file below .build-id
place() {
	readelf -n "$1" | sed -n 's|.*Build ID: \(..\)\(.*\)|\1/\2.debug|p'
}

# found NAME COMMAND...: the plan attaches `parse`; missing NAME TEXT COMMAND...: it does not, and says TEXT
found() {
	local name=$1
	shift
	"$@" > "$temp/out" 2> "$temp/err"
	if grep -q ' parse  *uprobe' "$temp/out"; then
		ok "$name"
	else
		not_ok "$name" "$(cat "$temp/err" "$temp/out")"
	fi
}
missing() {
	local name=$1 text=$2
	shift 2
	"$@" > "$temp/out" 2> "$temp/err"
	if ! grep -q ' parse  *uprobe' "$temp/out" && cat "$temp/out" "$temp/err" | grep -q -F -- "$text"; then
		ok "$name"
	else
		not_ok "$name" "$(cat "$temp/err" "$temp/out")"
	fi
}

build "$temp/a" || give_up "a program is built" "gcc, objcopy or strip failed"
found "a debuglink beside the program" "$exporter" --config.check "$temp/a/app:parse"
mkdir "$temp/a/.debug" && mv "$temp/a/app.debug" "$temp/a/.debug"
found "a debuglink in .debug" "$exporter" --config.check "$temp/a/app:parse"
cp "$temp/a/.debug/app.debug" "$temp/app.debug"
printf x >> "$temp/a/.debug/app.debug"
found "the build-id decides, not the checksum" "$exporter" --config.check "$temp/a/app:parse"
objcopy --remove-section=.note.gnu.build-id "$temp/a/.debug/app.debug"
missing "another checksum" "has another checksum" "$exporter" --config.check "$temp/a/app:parse"
rm -r "$temp/a/.debug"
missing "none at all" "it was stripped: install its debug symbols" "$exporter" --config.check "$temp/a/app:parse"

# ---- /usr/lib/debug of the host ----
id=$(place "$temp/a/app")
global="mount -t tmpfs none /usr/lib/debug && mkdir -p /usr/lib/debug/.build-id/${id%/*} /usr/lib/debug$temp/a"
found "by build-id" unshare -m sh -c "$global && cp $temp/app.debug /usr/lib/debug/.build-id/$id && exec \"\$@\"" sh \
	"$exporter" --config.check "$temp/a/app:parse"
found "a debuglink in /usr/lib/debug" unshare -m sh -c "$global && cp $temp/app.debug /usr/lib/debug$temp/a && exec \"\$@\"" sh \
	"$exporter" --config.check "$temp/a/app:parse"

# ---- in the root of a process ----
build "$temp/root/bin"
id=$(place "$temp/root/bin/app")
mkdir -p "$temp/root/usr/lib/debug/.build-id/${id%/*}" "$temp/out_of_root"
mv "$temp/root/bin/app.debug" "$temp/root/usr/lib/debug/.build-id/$id"
chroot "$temp/root" /bin/app stay &
pids+=($!)
inside=/proc/$!/root
wait_for 10 test -e "$inside/bin/app"
found "in the root of the process" "$exporter" --config.check "$inside/bin/app:parse"
mv "$temp/root/usr/lib/debug/.build-id/$id" "$temp/out_of_root/debug"
missing "our own root is not asked for it" "it was stripped" unshare -m sh -c "mount -t tmpfs none /usr/lib/debug &&
	mkdir -p /usr/lib/debug/.build-id/${id%/*} && cp $temp/out_of_root/debug /usr/lib/debug/.build-id/$id && exec \"\$@\"" sh \
	"$exporter" --config.check "$inside/bin/app:parse"
ln -s "$temp/out_of_root/debug" "$temp/root/usr/lib/debug/.build-id/$id"
missing "a link out of its root leads nowhere" "it was stripped" "$exporter" --config.check "$inside/bin/app:parse"
rm "$temp/root/usr/lib/debug/.build-id/$id"
mkfifo "$temp/root/usr/lib/debug/.build-id/$id"
missing "a pipe is not opened" "it was stripped" timeout 20 "$exporter" --config.check "$inside/bin/app:parse"

# ---- embedded in the program ----
build "$temp/packed"
xz -k "$temp/packed/app.debug"
rm "$temp/packed/app.debug"
objcopy --remove-section=.gnu_debuglink --add-section=.gnu_debugdata="$temp/packed/app.debug.xz" "$temp/packed/app"
found "packed in .gnu_debugdata" "$exporter" --config.check "$temp/packed/app:parse"

exit $failed
