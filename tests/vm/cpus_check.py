#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Calls on many CPUs: cpus_check.py NAME RESULTS_DIR. See cpus_guest.sh."""
import pathlib
import sys

from conformance_check import SYS, parse

CPUS = 128
EACH, ALL = 20, 50  # calls of one CPU, and of one thread
FAILED = SYS + "getresgid"  # every other call
LABELLED = (SYS + "sched_get_priority_min", SYS + "getresuid", FAILED, "sched_get_priority_min", "workload_first")


def by_cpu(series, function):
    counts = {}
    for (name, labels), value in series.items():
        labels = dict(labels)
        if name == "retprobe_returns_total" and labels["function"] == function and value:
            counts[labels.get("cpu")] = counts.get(labels.get("cpu"), 0) + value
    return counts


def expected(function, calls):
    return calls / 2 if function == FAILED else calls


def each(path):
    """Of each CPU, by its label."""
    series = parse(path / "each")
    for function in LABELLED:
        wanted = {str(cpu): expected(function, EACH) for cpu in range(CPUS)}
        found = by_cpu(series, function)
        if found != wanted:
            wrong = {cpu: found.get(cpu) for cpu in wanted.keys() | found.keys() if found.get(cpu) != wanted.get(cpu)}
            yield f"{function}: {len(wrong)} CPUs, such as {dict(list(wrong.items())[:3])}"


def together(path):
    series = parse(path / "all")
    for function in (SYS + "sched_get_priority_max", *LABELLED):
        found = sum(by_cpu(series, function).values())
        if found != expected(function, CPUS * (EACH + ALL)):
            yield f"{function}: {found} calls"
    for (name, labels), value in series.items():
        if name == "retprobe_missed_total" and value:
            yield f"missed: {dict(labels)}: {value}"


def main():
    name, path = sys.argv[1], pathlib.Path(sys.argv[2])
    print("1..3")
    cpus = int((path / "cpus").read_text())
    print(f"ok {name} online" if cpus == CPUS else f"not ok {name} online: {cpus} CPUs")
    for check in each, together:
        why = "; ".join(check(path))
        print(f"not ok {name} {check.__name__}: {why}" if why else f"ok {name} {check.__name__}")


main()
