#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks that each part of the configuration in deploy/TOOLS.md has counted: tools_check.py NAME RESULTS_DIR, with the
files of tools_guest.sh. Prints a verdict per part.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from conformance_check import parse  # noqa: E402

# What counts each kind of part, and the label that has its name.
COUNTS = {"retprobe_returns_total": "function", "retprobe_events_total": "event", "retprobe_span_seconds_count": "span"}
LISTS = re.compile(r"\b(?:functions|syscalls|tracepoints|usdt): \[([^]]*)\]|- name: (\w+)")


def parts(text):
    """Each function, system call, event and span of the configuration, as its metrics name it."""
    for found in LISTS.finditer(text):
        for part in re.split(r", *", found[1].replace('"', "")) if found[1] else [found[2]]:
            yield part.partition(":")[2] if part.startswith("/") else part


def main(name, directory):
    wanted = list(parts((directory / "tools.yaml").read_text()))
    series = {}
    for (metric, labels), value in parse(directory / "after").items():
        labels = dict(labels)
        if metric in COUNTS:
            series.setdefault(labels[COUNTS[metric]], []).append((labels, value))
    print(f"1..{len(wanted) + 1}")
    print(f"ok {name} parts: {len(wanted)}" if len(wanted) >= 30 else f"not ok {name} parts: only {wanted}")
    for part in wanted:
        found = [s for alternative in part.split("|") for s in series.get(alternative, [])]
        calls = sum(value for _, value in found)
        known = [labels for labels, value in found if value and "?" not in labels.values()]
        print(f"ok {name} {part}: {calls:.0f}" if known else f"not ok {name} {part}: {calls:.0f}, of {found[:5]}")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
