#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Callers of functions: callers_check.py NAME RESULTS_DIR. See callers_guest.sh."""
import pathlib
import sys

from conformance_check import parse

# What read() and pread() are in the kernel: compilers inline some of these functions.
READ = {"ksys_read"}
PREAD = {"ksys_pread64", "__x64_sys_pread64", "__arm64_sys_pread64"}
ABOVE = {"__x64_sys_read", "__x64_sys_pread64", "__arm64_sys_read", "__arm64_sys_pread64", "x64_sys_call",
         "do_syscall_64", "invoke_syscall", "__invoke_syscall"}
CALLS = {"read": 300, "pread": 200}
ZERO = str(1 << 20 | 5)  # MKDEV(1, 5)


def wrong(path):
    """Calls by caller, without those of the dynamic loader."""
    counts = {}
    for (name, labels), value in parse(path).items():
        labels = dict(labels)
        if name != "retprobe_duration_seconds_count" or labels.get("device") != ZERO:
            continue
        caller, above = labels["caller"], labels["caller_2"]
        kind = "read" if caller in READ else "pread" if caller in PREAD else caller
        counts[kind] = counts.get(kind, 0) + value
        if above not in ABOVE:
            yield f"{value:.0f} calls of {caller} come from {above}"
    if counts != CALLS:
        yield f"{counts} instead of {CALLS}"
    missed = sum(v for (name, _), v in parse(path).items() if name == "retprobe_missed_total")
    if missed:
        yield f"{missed:.0f} calls are missed"


def main():
    name, results = sys.argv[1], pathlib.Path(sys.argv[2])
    runs = (results / "runs").read_text().split()
    print(f"1..{len(runs) + 1}")
    for mechanism in runs:
        why = "; ".join(wrong(results / f"{mechanism}.after"))
        print(f"not ok {name} {mechanism}: {why}" if why else f"ok {name} {mechanism}")
    why = (results / "dmesg").read_text().strip()
    print(f"not ok {name} dmesg: {why[:300]}" if why else f"ok {name} dmesg")


main()
