#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The exporter, natively: whatever becomes of one of its processes, or of what it reads and writes, it goes on
# answering, and stops when it is told to. Of user functions that nobody calls.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP lifecycle: attaching needs root"
	exit 0
fi
exec timeout 900 python3 -B tests/e2e/lifecycle.py build/retprobe_exporter "$PWD/build/bench_many"
