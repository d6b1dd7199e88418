#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Checks the documents: tests/docs/check.py.
cd "$(dirname "$0")/../.." || exit 1
exec python3 -B tests/docs/check.py
