#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Filters on the result, by each mechanism: filters_check.py NAME RESULTS_DIR. See filters_guest.sh."""
import pathlib
import sys

from conformance_check import SYS, parse

# By function: calls that succeed and fail and pass the filters, whether their time is split, and how many match the
# filter of samples.
EXPECTED = {
    "sched_get_priority_max": (0, 1000, False, 0),
    "sched_get_priority_min": (1000, 1000, False, 0),
    "getresuid": (1000, 1000, True, 0),
    "getresgid": (0, 1000, True, 1000),
    "getrlimit": (2000, 0, False, 1000),  # `returns: value` has no errors
}
READ = (300, 0, True, 300)
USER = (0, 500, True, 500)
UNTIMED = (400, 0, False, 400)
# Of further probes of a function: calls, by name.
FURTHER = {"all": 2100, "by_comm": 2100, "failed": 50}
FURTHER_USER = {"all": 1100, "by_comm": 1100, "failed": 100}
OBSERVED = {"sched_get_priority_min": ("one", "two"), "workload_first": ("argument",)}


class Run:
    def __init__(self, path, mechanism):
        self.mechanism = mechanism
        self.series = parse(path / f"{mechanism}.after")
        self.user = (path / f"{mechanism}.user").read_text().strip()

    def sum(self, metric, function, **wanted):
        wanted["function"] = function
        return sum(v for (name, labels), v in self.series.items()
                   if name == metric and set(wanted.items()) <= set(labels)
                   and wanted.get("probe") == dict(labels).get("probe"))

    def expected(self):
        """Pairs: a function and its mechanism, and what is expected."""
        system_call = self.mechanism == "tracepoint"
        for function, expected in EXPECTED.items():
            yield ("" if system_call else SYS) + function, self.mechanism, expected
        if not system_call:
            yield "vfs_read", self.mechanism, READ
        if self.mechanism in ("fexit", "kprobe.multi", "kretprobe", "tracepoint"):
            yield ("" if system_call else SYS) + "getpgid", self.mechanism, UNTIMED
        if self.user:
            yield "workload_first", self.user, USER


def mechanism(run):
    """A mechanism that the kernel refuses would give way to another one."""
    for function, wanted, _ in run.expected():
        if run.sum("retprobe_probe_info", function, mechanism=wanted) != 1:
            found = [dict(labels)["mechanism"] for (name, labels), _ in run.series.items()
                     if name == "retprobe_probe_info" and ("function", function) in labels]
            yield f"{function} is attached by {found}"


def counts(run):
    for function, _, (succeed, fail, split, _) in run.expected():
        returned = run.sum("retprobe_returns_total", function)
        failed = run.sum("retprobe_returns_total", function, outcome="error")
        # Calls of one program cannot miss each other. Other programs only call vfs_read.
        missed = run.sum("retprobe_missed_total", function)
        if function == "vfs_read" and 0 < succeed - returned <= missed:
            succeed, missed = returned, 0
        if (returned - failed, failed) != (succeed, fail) or (missed and function != "vfs_read"):
            yield f"{function}: {returned - failed} succeeded, {failed} failed, {missed} missed"
        if split and run.sum("retprobe_off_cpu_seconds_count", function) != succeed + fail:
            yield f"{function}: not all calls are split"
        for name in OBSERVED.get(function.removeprefix(SYS), ()):
            seen = run.sum("retprobe_observed_count", function, name=name)
            unseen = run.sum("retprobe_unobserved_total", function, name=name)
            if seen + unseen != succeed + fail:
                yield f"{function}: {seen} and {unseen} observed of {name}"


def further(run):
    """Several probes of a function count apart. Those of kernel functions are not for tracepoints."""
    functions = [] if run.mechanism == "tracepoint" else [(SYS + "sched_get_priority_max", FURTHER)]
    functions += [("workload_first", FURTHER_USER)] if run.user else []
    for function, probes in functions:
        for probe, calls in probes.items():
            counted = run.sum("retprobe_duration_seconds_count", function, probe=probe)
            returned = run.sum("retprobe_returns_total", function, probe=probe)
            missed = run.sum("retprobe_missed_total", function, probe=probe)
            if (counted, returned, missed) != (calls, calls, 0):
                yield f"{function} {probe}: {counted} timed, {returned} returned, {missed} missed of {calls}"


def samples(run):
    for function, _, (*_, matching) in run.expected():
        kept = run.sum("retprobe_samples_total", function)
        dropped = run.sum("retprobe_samples_dropped_total", function)
        if function == "vfs_read":
            matching = run.sum("retprobe_returns_total", function)
        if kept + dropped != matching:
            yield f"{function}: {kept} samples, {dropped} dropped of {matching}"


def main():
    name, path = sys.argv[1], pathlib.Path(sys.argv[2])
    checks = mechanism, counts, further, samples
    runs = (path / "runs").read_text().split()
    print(f"1..{len(runs) * len(checks) + 1}")
    for forced in runs:
        run = Run(path, forced)
        for check in checks:
            why = "; ".join(check(run))
            verdict = f"{name} {forced}: {check.__name__}"
            print(f"not ok {verdict}: {why}" if why else f"ok {verdict}")
    why = (path / "dmesg").read_text().strip()
    print(f"not ok {name} dmesg: {why[:300]}" if why else f"ok {name} dmesg")


main()
