#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the documents say is so: tests/docs/check.py has it one by one.
cd "$(dirname "$0")/../.." || exit 1
exec python3 -B tests/docs/check.py
