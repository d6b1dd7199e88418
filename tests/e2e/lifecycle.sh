#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The exporter, natively: whatever happens to one of its processes or its files, it answers, and stops on
# request. Probes user functions that nothing calls.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP lifecycle: attaching needs root"
	exit 0
fi
exec timeout 900 python3 -B tests/e2e/lifecycle.py build/retprobe_exporter "$PWD/build/bench_many"
