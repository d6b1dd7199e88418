#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The exporter, natively, under load and with misbehaving clients: regular scrapes are not affected, and no
# resources leak. Probes user functions that nothing calls, so that nothing else is slowed down.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=load
. tests/e2e/lib.sh
plan 4

clients=$PWD/tests/e2e/load_clients.py
functions="$PWD/build/bench_many:bench_many_00*"
read -r port second_port < <(free_ports 2)

answers() { # PORT
	curl -s -m 10 -o "$temp/ready" "http://127.0.0.1:$1/-/healthy"
}

start() { # PORT LOG ARGUMENTS...
	"$exporter" --web.listen-address="127.0.0.1:$1" "${@:3}" "$functions" > "$temp/$2" 2>&1 &
	exporter_pid=$!
	pids+=("$exporter_pid")
	wait_for 60 answers "$1" || give_up "start" "it does not answer"
}

stop() { # LOG
	kill -TERM "$exporter_pid"
	wait "$exporter_pid"
	code=$?
	pids=()
	if [ $code = 0 ]; then ok "it stops cleanly ($1)"; else not_ok "it stops cleanly ($1)" "exit $code"; fi
	lines=$(wc -l < "$temp/$1")
	# It logs its start and its stop.
	if [ "$lines" -le 10 ] && ! grep -qE 'level=(warn|error)' "$temp/$1"; then
		ok "nobody's doings are in the log ($1)"
	else
		not_ok "nobody's doings are in the log ($1)" "$lines lines: $(tail -n 3 "$temp/$1")"
	fi
}

start "$port" plain.log
timeout 300 python3 "$clients" load "$port" "$exporter_pid" || failed=1
stop plain.log

# Hashed by the library that the exporter uses, with a cost that fills the queue of logins.
hash=$(python3 - <<-'END'
	import ctypes, ctypes.util
	crypt = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1").crypt
	crypt.restype = ctypes.c_char_p
	print(crypt(b"secret", b"$2y$08$abcdefghijklmnopqrstuu").decode())
	END
)
printf 'basic_auth_users: {prometheus: %s, late: %s}\n' "$hash" "$hash" > "$temp/web.yml"
chmod 0755 "$temp" # the server is not root
start "$second_port" auth.log --web.config.file="$temp/web.yml"
timeout 300 python3 "$clients" logins "$second_port" "$exporter_pid" prometheus:secret late:secret || failed=1
stop auth.log
exit $failed
