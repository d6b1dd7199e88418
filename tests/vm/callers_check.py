#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Callers of functions, and what calls take: callers_check.py NAME RESULTS_DIR. See callers_guest.sh."""
import json
import pathlib
import sys

from conformance_check import parse

# What read() and pread() are in the kernel: compilers inline some of these functions.
READ = {"ksys_read"}
PREAD = {"ksys_pread64", "__x64_sys_pread64", "__arm64_sys_pread64"}
ABOVE = {"__x64_sys_read", "__x64_sys_pread64", "__arm64_sys_read", "__arm64_sys_pread64", "x64_sys_call",
         "do_syscall_64", "invoke_syscall", "__invoke_syscall"}
CALLS = {"read": 300, "pread": 200}
NAPS = 20
ZERO = str(1 << 20 | 5)  # MKDEV(1, 5)
UNLINKS = 500


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
    # Those of other programs may be missed, too.
    missed = sum(v for (name, _), v in parse(path).items() if name == "retprobe_missed_total")
    short = {kind: want - counts.get(kind, 0) for kind, want in CALLS.items()}
    if set(counts) - set(CALLS) or min(short.values()) < 0 or sum(short.values()) > missed:
        yield f"{counts} instead of {CALLS}; {missed:.0f} calls are missed"


def taken(path, truth):
    """Whether the sleeping calls were off the CPU for as long as they asked for, and no longer than their thread
    was, to 1 %."""
    found = {}
    for (name, labels), value in parse(path).items():
        labels = dict(labels)
        if labels.get("function") == "hrtimer_nanosleep" and "le" not in labels:
            found[name + labels.get("counter", "")] = value
    truth = json.loads(truth.read_text().splitlines()[0])
    calls, seconds = found.get("retprobe_off_cpu_seconds_count"), found.get("retprobe_off_cpu_seconds_sum", 0)
    switches, most = found.get("retprobe_counter_totalcontext-switches", 0), truth["most_off_ns"] / 1e9
    if calls != NAPS:
        yield f"{calls} calls instead of {NAPS}"
    if not NAPS * 0.02 * 0.99 <= seconds <= most * 1.01:
        yield f"{seconds} s off the CPU instead of {most}"
    if not NAPS <= switches <= truth["most_switches"]:
        yield f"{switches} context switches instead of {truth['most_switches']}"
    if found.get("retprobe_counter_totalpage-faults") != 0:
        yield "there are page faults"


def counted(path, no_cycles):
    """Calls are in a counter, or left their CPU. An emulated processor has as many cycles as its clock has
    nanoseconds, or none.
    """
    found = {}
    for (name, labels), value in parse(path).items():
        labels = dict(labels)
        if labels.get("function") in ("do_unlinkat", "filename_unlinkat") and "le" not in labels:
            key = name.removeprefix("retprobe_"), labels.get("counter", ""), labels.get("reason", "")
            found[key] = value
    seconds = found.get(("duration_seconds_sum", "", ""), 0)
    for counter in ["cpu-clock"] if no_cycles else ["cpu-clock", "cycles"]:
        ns = found.get(("counter_total", counter, ""), 0)
        switched = found.get(("uncounted_total", counter, "switched"), UNLINKS)
        # A call takes more than a microsecond, and less than ten are between its counter and its duration.
        if switched > UNLINKS / 5 or not (UNLINKS - switched) * 1e3 <= ns <= seconds * 1e9 + UNLINKS * 1e4:
            yield f"{ns} ns by {counter}, without {switched} of {UNLINKS} calls, instead of {seconds} s"
        if found.get(("uncounted_total", counter, "unreadable")) != 0:
            yield f"unreadable {counter}"
    clock, cycles = (found.get(("counter_total", counter, ""), 0) for counter in ("cpu-clock", "cycles"))
    if no_cycles and cycles:
        yield "cycles, which this machine does not have"
    elif not no_cycles and not 0.8 * clock <= cycles <= 1.25 * clock:
        yield f"{cycles} cycles in {clock} ns"
    if found.get(("duration_seconds_count", "", "")) != UNLINKS:
        yield f"{found} instead of {UNLINKS} calls"


def main():
    name, results = sys.argv[1], pathlib.Path(sys.argv[2])
    runs = (results / "runs").read_text().split()
    no_cycles = (results / "no_cycles").exists()
    print(f"1..{3 * len(runs) + 1}")
    for mechanism in runs:
        path = results / f"{mechanism}.after"
        for what, whys in (("callers", wrong(path)), ("off the CPU", taken(path, results / f"{mechanism}.taken")),
                           ("on the CPU", counted(path, no_cycles))):
            why = "; ".join(whys)
            print(f"not ok {name} {mechanism}: {what}: {why}" if why else f"ok {name} {mechanism}: {what}")
    why = (results / "dmesg").read_text().strip()
    print(f"not ok {name} dmesg: {why[:300]}" if why else f"ok {name} dmesg")


main()
