#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The conformance test on this machine, for mechanisms that need no kprobes.
cd "$(dirname "$0")/../.." || exit 1
exec tests/vm/conformance.sh conformance/native
