#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the results of limits_guest.sh: limits_check.py 'limits SERIES ...' RESULTS_DIR."""
import functools
import json
import pathlib
import sys

from conformance_check import SYS, UNLINK, parse, report

GETPGID = SYS + "getpgid"
COUNT = "retprobe_duration_seconds_count"
# The calls of limits_guest.sh. Other programs call getpgid(2), too.
CALLS = {UNLINK: 30, ("vfs_listxattr",): 50, ("getsid",): 60, ("workload_function",): 70}
# What the plan says, where a mechanism or a label is missing.
TOLD = {
    "integrity": "cannot read the preemption model (sched/preempt in debugfs), assuming full",
    "nodebugfs": "cannot read the preemption model (sched/preempt in debugfs), assuming full",
    "cgroup1": "this machine has no cgroup v2 hierarchy, which cgroup, container_id and pod_uid need",
    "hybrid": "",
    "nofprobe": "this kernel has no kprobe.multi links (CONFIG_FPROBE, 5.18)",
}


def sums(path):
    found = {}
    for (name, labels), value in parse(path).items():
        labels = dict(labels)
        if name == COUNT and labels.get("comm", "caller") == "caller":
            found[labels["function"]] = found.get(labels["function"], 0) + value
    return found


def counts(directory, name):
    """Each call of the probes that need nothing special."""
    found = sums(directory / name)
    for functions, calls in CALLS.items():
        got = max(found.get(f, 0) for f in functions)
        # Files are removed by other programs, too.
        if got < calls or (functions != UNLINK and got != calls):
            yield f"{got:.0f} of {calls} calls of {functions[0]}"


def labels(directory, name):
    """The probe with the label cgroup, which v1 alone does not have."""
    state = {dict(k[1])["function"]: dict(k[1])["reason"] for k in parse(directory / name) if k[0] == "retprobe_probe_attached"}
    wanted = "refused" if name == "cgroup1" else ""
    if state[GETPGID] != wanted:
        yield f"{GETPGID}: {state[GETPGID]!r}, not {wanted!r}"
    if wanted:
        why = {p["function"]: p["why"] for p in json.loads((directory / f"{name}.probes").read_text())["probes"]}
        if TOLD["cgroup1"] not in (why[GETPGID] or ""):
            yield f"/api/v1/probes: {why[GETPGID]}"
        return
    cgroups = {dict(k[1])["cgroup"] for k, v in parse(directory / name).items()
               if k[0] == COUNT and v and dict(k[1]).get("function") == GETPGID and dict(k[1])["comm"] == "caller"}
    if cgroups != {"/hybrid" if name == "hybrid" else "/"}:
        yield f"cgroups {cgroups}"


def told(directory, name):
    plan = (directory / f"{name}.plan").read_text()
    if TOLD[name] not in plan:
        yield plan


def lockdown(directory):
    if "[integrity]" not in (directory / "lockdown").read_text():
        yield (directory / "lockdown").read_text()


def only_v1(directory):
    if "0::" in (directory / "cgroup1.groups").read_text():
        yield (directory / "cgroup1.groups").read_text()


def forced(directory):
    if TOLD["nofprobe"] not in (directory / "nofprobe.forced").read_text():
        yield (directory / "nofprobe.forced").read_text()
    if (directory / "nofprobe.exit").read_text().strip() == "0":
        yield "exit code 0"


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    tests = {}
    for case in (directory / "cases").read_text().split():
        for part in ("cgroup1", "hybrid") if case == "cgroup1" else (case,):
            tests[f"{part}: calls"] = functools.partial(counts, directory, part)
            tests[f"{part}: the label cgroup"] = functools.partial(labels, directory, part)
            tests[f"{part}: what is missing is in the plan"] = functools.partial(told, directory, part)
    for case, what, test in (("integrity", "the kernel is locked down", lockdown), ("cgroup1", "no cgroup v2", only_v1),
                             ("nofprobe", "a forced mechanism is refused", forced)):
        if f"{case}: calls" in tests:
            tests[f"{case}: {what}"] = functools.partial(test, directory)
    report(name, tests)


if __name__ == "__main__":
    main()
