#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In `make run`'s machine: the exporter, and a little activity, so that there is something to see.
set -u

activity() {
	cd /tmp || exit
	while :; do
		echo text >file
		mv file file2
		cat file2 >/dev/null
		rm file2
		rm file-that-is-not-there 2>/dev/null
		mkdir -p dir && rmdir dir
		ls -l /usr/bin >/dev/null
		# A connection that is accepted, and one that is refused.
		curl -s -o /dev/null http://127.0.0.1:10435/-/healthy
		curl -s -o /dev/null http://127.0.0.1:1/
		sync
		sleep 0.5
	done
}

activity &
exec build/retprobe_exporter "$@"
