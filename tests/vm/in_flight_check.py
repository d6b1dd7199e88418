#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Calls in progress: in_flight_check.py NAME RESULTS_DIR. See in_flight_guest.sh."""
import json
import pathlib
import re
import sys

from conformance_check import parse

# What hangs, and the functions by which it is seen.
STUCK = {
    "flock": [("locks_lock_inode_wait",), ("flock",)],
    "a FIFO": [("pipe_read", "anon_pipe_read")],
    "a file system without a server": [("vfs_statx",), ("newfstatat",)],
    "a page without a server": [("handle_userfault",)],
    "a mutex": [("__fdget_pos", "fdget_pos")],
}
# What their stacks have, besides the function itself.
WAITS = {"flock": "lock_inode_wait", "a FIFO": "pipe_read", "a file system without a server": "fuse_",
         "a page without a server": "page_fault|do_user_addr_fault|do_page_fault", "a mutex": "ksys_read"}
# Others read pipes, too.
SHARED = {"pipe_read", "anon_pipe_read"}
SYSCALLS = {"flock", "newfstatat"}
# Mechanisms that keep the start of each call.
EXACT = {"kretprobe", "fexit", "kprobe.multi", "tracepoint"}


class Scrape:
    def __init__(self, path, stacks):
        self.stacks = stacks
        self.series = {(name, dict(labels)["function"], dict(labels).get("seconds", "")): value
                       for (name, labels), value in parse(path).items() if name.startswith("retprobe_in_flight")}
        self.mechanism = {dict(labels)["function"]: dict(labels)["mechanism"]
                          for (name, labels) in parse(path) if name == "retprobe_probe_info"}
        self.exporter = {name: value for (name, labels), value in parse(path).items()
                         if name.startswith("retprobe_exporter_scan")}

    def name(self, names):
        return next((n for n in names if n in self.mechanism), names[0])

    def get(self, metric, names, seconds=""):
        return self.series.get((metric, self.name(names), seconds))


def can_tell(scrape, names):
    """From 5.18 to 6.9, the kernel may warn when stacks are read. System calls are found without."""
    return scrape.stacks or names[0] in SYSCALLS


def seen(scrape, names):
    if not can_tell(scrape, names):
        if scrape.get("retprobe_in_flight", names) is not None:
            yield f"{names[0]} has series"
        return
    calls = scrape.get("retprobe_in_flight", names)
    if calls is None or calls < 1 or calls > 1 and scrape.name(names) not in SHARED:
        yield f"{names[0]} ({scrape.mechanism.get(scrape.name(names))}): {calls} calls in progress"


def old(scrape, names, exact_starts):
    """They hang for five seconds after the first scan that sees them."""
    if not can_tell(scrape, names):
        return
    name, age = scrape.name(names), scrape.get("retprobe_in_flight_oldest_seconds", names)
    exact = exact_starts and scrape.mechanism.get(name) in EXACT or scrape.mechanism.get(name) == "tracepoint"
    if age is None or age < (5 if exact else 4):
        yield f"{name} ({scrape.mechanism.get(name)}): the oldest call is {age} s old"
    longer = [scrape.get("retprobe_in_flight_longer", names, s) for s in ("1", "10", "60")]
    if None in longer or longer[0] < 1 or longer != sorted(longer, reverse=True):
        yield f"{name}: {longer} calls longer than 1, 10, 60 s"


def released(scrape, names):
    if not can_tell(scrape, names):
        return
    calls = scrape.get("retprobe_in_flight", names)
    age = scrape.get("retprobe_in_flight_oldest_seconds", names)
    if scrape.name(names) not in SHARED and (calls, age) != (0, 0):
        yield f"{scrape.name(names)}: {calls} calls, {age} s"


def told(found, scrape, what, whole_stacks):
    """Each function of the call that hangs, with its thread and its stack. 5.10 sees no further than a trampoline."""
    waits = WAITS[what] + ("" if whole_stacks else "|kretprobe_trampoline")
    for names in STUCK[what]:
        if not can_tell(scrape, names):
            continue
        name = scrape.name(names)
        # The main thread waits for the release.
        calls = [c for c in found["calls"]
                 if c["function"] == name and c["comm"] == "workload" and c["tid"] != c["pid"]]
        if len(calls) != 1:
            yield f"{len(calls)} calls of {name}"
        for c in calls:
            stack = " ".join(c["stack"])
            if scrape.stacks and not re.search(waits, stack) or c["object"] == "vmlinux" and f"{name}+0x" not in stack:
                yield f"{name}: its stack is {stack}"
            if c["age"] < 4 or c["pid"] < 2 or not (c["cgroup"] or "/").startswith("/"):
                yield f"{name}: {c}"


def selected(scrape, found, of_flock):
    expected = {"iterate_dir", "filename_lookup"}
    if not scrape.stacks:
        expected |= set(scrape.mechanism) - SYSCALLS
    if {c["function"] for c in of_flock["calls"]} != {"flock"} or of_flock["unknown"]:
        yield f"of flock: {of_flock}"
    unknown = {u["function"]: u["why"] for u in found["unknown"]}
    if set(unknown) != expected or found["truncated"] or not found["scanned"]:
        yield f"unknown {unknown}, {found['truncated']}, {found['scanned']}"


def absent(scrape):
    for name in ("iterate_dir", "filename_lookup"):
        if scrape.get("retprobe_in_flight", (name,)) is not None:
            yield f"{name} has series"
        if name not in scrape.mechanism:
            yield f"{name} is not attached"


def scans(scrape):
    told = scrape.exporter
    if told.get("retprobe_exporter_scan_available") != 1 or told.get("retprobe_exporter_scan_truncated") != 0:
        yield f"{told}"
    if told.get("retprobe_exporter_scans_total", 0) < 2 or told.get("retprobe_exporter_scan_tasks", 0) < 20:
        yield f"{told}"


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    runs = (directory / "runs").read_text().split()
    version = tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", (directory / "kernel").read_text()).groups())
    stacks = not (5, 18) <= version < (6, 10)
    exact_starts = not (directory / "kernel").read_text().startswith("5.10")
    print(f"1..{len(runs) * (4 + 3 * len(STUCK)) + 1}")
    tests = {"no complaints of the kernel": (directory / "dmesg").read_text().splitlines()}
    for run in runs:
        first, stuck, end = (Scrape(directory / f"{run}.{when}", stacks) for when in ("first", "stuck", "released"))
        found, of_flock = (json.loads((directory / f"{run}.{what}").read_text()) for what in ("calls", "flock"))
        tests[f"{run}: the calls of a function"] = selected(stuck, found, of_flock)
        tests[f"{run}: no series where calls cannot be told"] = absent(stuck)
        tests[f"{run}: scans are told"] = scans(stuck)
        tests[f"{run}: none after the release"] = [p for v in STUCK.values() for n in v for p in released(end, n)]
        for what, functions in STUCK.items():
            tests[f"{run}: {what} is seen by the next scrape"] = [p for n in functions for p in seen(first, n)]
            tests[f"{run}: {what} is told with its stack"] = told(found, stuck, what, exact_starts)
            tests[f"{run}: the age of {what}"] = [p for n in functions for p in old(stuck, n, exact_starts)]
    for what, problems in tests.items():
        problems = list(problems)
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}")


if __name__ == "__main__":
    main()
