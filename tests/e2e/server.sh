#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a server has of the attacher's memory and files, and what it can do to them, according to /proc.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=server
. tests/e2e/lib.sh
plan 19

read -r port < <(free_ports 1)

# A page of all functions takes long.
serves() {
	$client get "$port" '/metrics?function[]=none' "$temp/metrics" > "$temp/answer"
}

# check NAME FINDINGS: fails if there are findings
check() {
	if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi
}

# Not another child, which reads files, nor a server that is about to end.
the_server() {
	pgrep -n -P "$attacher" -f '^retprobe_exporter: server'
}

libraries= # for the exporter alone
start() { # start ARG...
	NO_BUSINESS_OF_A_SERVER=1 LD_LIBRARY_PATH=$libraries "$exporter" --web.listen-address="127.0.0.1:$port" "$@" > "$temp/exporter.log" 2>&1 &
	pids+=($!)
	attacher=$!
	wait_for 60 serves || give_up "start $*" "it does not answer"
	server=$(the_server)
}

stop() {
	kill "$attacher"
	wait "$attacher"
	pids=()
}

# shared RIGHTS: the server's shared mappings with these rights, except the page for the server's own counters
shared() {
	awk -v rights="$1" '$2 ~ /s$/ && $2 ~ rights' "/proc/$server/maps"
}

# Read-only mappings that could be made writable.
may_be_written() {
	awk '/^[0-9a-f]+-[0-9a-f]+ / { mapping = $0; shared = $2 ~ /^r-.s/ }
		/^VmFlags:/ && shared && / mw( |$)/ { print mapping }' "/proc/$server/smaps"
}

base_of() { # base_of PID FILE
	awk -v file="$2" '$NF ~ file && !found { print $1; found = 1 }' "/proc/$1/maps"
}

files() {
	find "/proc/$server/fd" -type l -printf '%l\n'
}

# Of mappings, the smallest first.
sizes() {
	local range begin end pages
	while read -r range _; do
		begin=${range%-*} end=${range#*-}
		pages=$(((0x$end - 0x$begin) / 4096))
		echo "$pages page$([ $pages = 1 ] || echo s)"
	done | sort -n | paste -s -d, - | sed 's/,/, /g'
}

memory() { # memory NAME: of the running server
	local written
	written=$(shared w)
	if [ "$(grep -c ' rw-s .*memfd' <<< "$written")" = "$(wc -l <<< "$written")" ] &&
		[ "$(sizes <<< "$written")" = "1 page, $((8 * 1024 / 4 + 1)) pages" ]; then
		ok "$1: writes the counters of requests and the history, and no other memory that others have"
	else
		not_ok "$1: writes the counters of requests and the history, and no other memory that others have" "$written"
	fi
	check "$1: can make nothing writable" "$(may_be_written)"
	if [ "$(shared '^r-' | wc -l)" -ge 8 ]; then ok "$1: reads the counts"; else
		not_ok "$1: reads the counts" "$(shared .)"; fi
	check "$1: has no descriptor of them" "$(files | grep -E 'bpf|memfd')"
}

cat > "$temp/config.yml" <<-END
	probes: [{syscalls: [getpgid], labels: [comm], series_ttl: 60s, max_series: 100}]
END
start --config.file="$temp/config.yml"
memory "with label sets"
stop
start --cells=percpu --config.file="$temp/config.yml"
memory "with copies"

# It is a new process each time.
for file in libc.so libmicrohttpd stack retprobe_exporter; do
	[ "$(base_of "$attacher" "$file")" != "$(base_of "$server" "$file")" ] ||
		not_ok "has its own addresses" "$file is at $(base_of "$server" "$file")"
done
[ $failed = 1 ] || ok "has its own addresses"
check "has nothing of the environment" "$(tr '\0' '\n' < "/proc/$server/environ" | grep BUSINESS)"
check "says what it is" "$(tr '\0' ' ' < "/proc/$server/cmdline" | grep -v '^retprobe_exporter: server ')"
check "is called as the program is" "$(grep -v '^retprobe_export$' "/proc/$server/comm")"

# The next server continues its counts.
counted() {
	sed -n 's/^retprobe_exporter_http_requests_total{code="200"} //p' "$temp/metrics"
}
another_serves() {
	[ "$(the_server)" != "$server" ] && serves
}
serves
before=$(counted)
kill -KILL "$server"
wait_for 60 another_serves || give_up "another server" "it does not come"
if [ "$(counted)" -gt "$before" ]; then ok "counts go on"; else not_ok "counts go on" "$before, then $(counted)"; fi
stop

# Probes on the server's own code are not its business: neither on its program,
files_of() { # files_of FILE: whether the server maps it
	grep -c " $1\$" "/proc/$server/maps"
}
program=$exporter
exporter=$temp/retprobe_exporter # which no other process runs
cp "$program" "$exporter"
start --mechanism=uprobe.multi "$exporter:scraper__acquire"
serves && $client get "$port" /metrics "$temp/metrics"
counts=$(sed -n 's/^retprobe_duration_seconds_count{.*function="scraper__acquire"} //p' "$temp/metrics")
if [ "$counts" = 0 ]; then ok "does not count itself"; else not_ok "does not count itself" "$counts calls"; fi
check "does not map its program" "$(files_of "$exporter" | grep -v '^0$')"
check "has no descriptor of copies" "$(files | grep -E 'bpf|memfd')"
stop
exporter=$program

# nor on its C library, nearly all of it: in a copy, as other programs use the system's.
library=$(awk '/\/libc\.so/ { print $NF; exit }' "/proc/$$/maps")
cp "$library" "$temp/libc.so.6"
libraries=$temp
start --mechanism=uprobe.multi "$temp/libc.so.6:[!_]*"
check "does not map its library" "$(files_of "$temp/libc.so.6" | grep -v '^0$')"
server=$(the_server)
kill -KILL "$server"
wait_for 60 another_serves || give_up "serves while its library is probed" "it does not come back"
$client get "$port" /metrics "$temp/metrics"
probes=$(grep -c '^retprobe_probe_attached{.*} 1$' "$temp/metrics")
if [ "$probes" -gt 1000 ]; then
	ok "serves while its library is probed"
else
	not_ok "serves while its library is probed" "$probes probes"
fi
stop

# Started by hand, it has nothing to inherit.
for descriptor in 3 0 x; do
	(exec -a 'retprobe_exporter: server' "$exporter" $descriptor) 2> "$temp/by_hand" 3< "$temp/config.yml"
	code=$?
	[ $code = 2 ] && grep -q 'started by the exporter itself' "$temp/by_hand" ||
		not_ok "is not started by hand" "exit $code: $(cat "$temp/by_hand")"
done
[ $failed = 1 ] || ok "is not started by hand"
exit $failed
