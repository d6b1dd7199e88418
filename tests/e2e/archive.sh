#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The archive (deploy/archive): built twice, and used where nothing else is: in a root directory with only the
# archive, and from another place by a symbolic link. Needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=archive
. tests/e2e/lib.sh
plan 12

root=$temp/root
# The mounts are in a namespace of their own, and end with the command.
in_root() { # in_root ARGS...: the archive's program
	# shellcheck disable=SC2016 # the inner shell's own
	exec unshare --mount --propagation private sh -c 'root=$1 program=$2
		shift 2
		mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" &&
			exec chroot "$root" "$program" "$@"' \
		sh "$root" "/$name/retprobe_exporter" "$@"
}
archive=$(sh deploy/archive/archive.sh 2>"$temp/build.log") || give_up "it is built" "exit $?"
[ -s "$archive" ] && ok "it is built" || give_up "it is built" "no file $archive"
cp "$archive" "$temp/first"
sh deploy/archive/archive.sh >"$temp/build.log" 2>&1
cmp "$archive" "$temp/first" >"$temp/cmp.log" 2>&1 && ok "a second time with the same bytes" ||
	not_ok "a second time with the same bytes" "$(cat "$temp/cmp.log")"

mkdir -p "$root/proc" "$root/sys" "$root/dev"
tar -x -C "$root" -f "$archive" --no-same-owner
name=$(basename "$archive" .tar.gz)
extra=$(cd "$root" && find . -mindepth 1 -maxdepth 2 -printf '%P\n' | LC_ALL=C sort | paste -s -d ' ')
[ "$extra" = "dev proc $name $name/LICENSE $name/README.md $name/dashboards $name/lib $name/presets $name/retprobe_exporter sys" ] &&
	ok "what it has" || not_ok "what it has" "$extra"
without=$(for library in "$root/$name/lib/"*.so*; do
	package=$(dpkg -S "*lib/*-linux-gnu/${library##*/}" 2>/dev/null | sed -n '1s/:.*//p')
	[ -s "$root/$name/lib/licences/$package/copyright" ] || echo "${library##*/}"
done)
[ -z "$without" ] && ok "a licence of each library" || not_ok "a licence of each library" "${without//$'\n'/ }"

(in_root --version) >"$temp/version.log" 2>&1 && grep -q "version $(cat VERSION)" "$temp/version.log" &&
	ok "it runs in an empty root" || not_ok "it runs in an empty root" "$(head -n 3 "$temp/version.log")"

# Without /dev. The mount of /proc is the only one.
unshare --mount --propagation private sh -c 'mount -t proc proc "$1/proc" && chroot "$1" "$2" --version' sh \
	"$root" "/$name/retprobe_exporter" >"$temp/bare.log" 2>&1
grep -q 'cannot open /dev/null: No such file or directory; mount /dev' "$temp/bare.log" &&
	ok "without /dev it says so" || not_ok "without /dev it says so" "$(head -n 3 "$temp/bare.log")"

# Prints the calls of getpgid(2) that the exporter has counted.
count() {
	get /metrics "$temp/metrics" &&
		awk '/^retprobe_duration_seconds_count\{.*function="getpgid"/ { sum += $NF } END { print sum + 0 }' "$temp/metrics"
}
counts() { # counts NAME: a thousand calls
	local before after
	before=$(count)
	build/workload getpgid-live 1 1000 >/dev/null
	after=$(count)
	[ $((after - before)) -ge 1000 ] && ok "$1" || not_ok "$1" "$before calls, then $after"
}
exporter=in_root
launch "$temp/exporter.log" syscall:getpgid && wait_ready 30 || give_up "it counts calls there" "it does not start"
counts "it counts calls there"
server=$(pgrep -P "$pid")
[ "$(stat -c %u "/proc/$server")" != 0 ] && [ -n "$server" ] && ok "its server has no privileges" ||
	not_ok "its server has no privileges" "server ${server:-missing}: user $(stat -c %u "/proc/$server")"
kill -KILL "$server"
wait_for 10 pgrep -P "$pid" >/dev/null
wait_for 10 count >/dev/null && counts "a server that ends is started again" ||
	not_ok "a server that ends is started again" "no answer"
stop_exporter

# By a link, with a probe on the libc that it runs with: the server runs a copy.
ln -s "$root/$name/retprobe_exporter" "$temp/link"
exporter=$temp/link
libc=$root/$name/lib/libc.so.6
launch "$temp/exporter.log" syscall:getpgid "$libc:getpid" && wait_ready 30 || give_up "it runs by a link" "it does not start"
counts "it runs by a link"
maps=$(cat "/proc/$(pgrep -P "$pid")/maps")
[[ $maps != *"$libc"* && $maps == *memfd:libc.so.6* ]] && ok "its server runs a copy of a probed library" ||
	not_ok "its server runs a copy of a probed library" "$(grep libc <<<"$maps")"
own=$(readlink "/proc/$pid/exe")
[[ $own == "$root/$name/lib/"ld* ]] && ok "its loader is its own" || not_ok "its loader is its own" "$own"
stop_exporter
exit $failed
