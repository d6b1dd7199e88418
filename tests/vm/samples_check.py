#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Samples of calls: samples_check.py NAME RESULTS_DIR. See samples_guest.sh."""
import json
import pathlib
import re
import sys

from conformance_check import SYS, forced, parse

# Each fails 1,000 times: of 2,000 calls, or of 10,000 calls of user functions.
BY_MECHANISM = {
    "fsession.multi": "sched_get_priority_max",
    "fsession": "sched_get_priority_min",
    "fexit": "getresuid",
    "kprobe.session": "getresgid",
    "kprobe.multi": "getcpu",
    "kretprobe": "getrlimit",
}
# The first arguments of those that fail.
FIRST = {SYS + "sched_get_priority_max": "99", SYS + "sched_get_priority_min": "99", SYS + "getresuid": "0",
         SYS + "getresgid": "0", SYS + "getcpu": "1", SYS + "getrlimit": "99"}
USER = {"uprobe.ret": "first", "uprobe.session": "second", "uprobe.multi": "third", "uretprobe": "fourth"}


class Results:
    def __init__(self, name, path):
        self.path, self.series = path, parse(path / "after")
        self.kernel = name.split()[1]
        self.mechanisms = forced(self.kernel)

    def sum(self, metric, function, **wanted):
        wanted["function"] = function
        return sum(v for (name, labels), v in self.series.items()
                   if name == metric and set(wanted.items()) <= set(labels))

    def samples(self, function):
        return json.loads((self.path / f"{function}.samples").read_text())["samples"]

    def matched(self, function):
        return (self.sum("retprobe_samples_total", function) +
                self.sum("retprobe_samples_dropped_total", function))

    def functions(self):
        """Those of the mechanisms that this kernel has."""
        return ([(m, SYS + f) for m, f in BY_MECHANISM.items() if m in self.mechanisms] +
                [(m, "workload_" + f) for m, f in USER.items() if m in self.mechanisms])


def exact(r):
    for mechanism, function in r.functions():
        returned = r.sum("retprobe_returns_total", function)
        failed = r.sum("retprobe_returns_total", function, outcome="error")
        if (returned, failed) != (10000 if function.startswith("workload_") else 2000, 1000):
            yield f"{mechanism}: {function}: {returned} calls, {failed} errors"
        if r.matched(function) != failed:
            yield (f"{mechanism}: {r.sum('retprobe_samples_total', function)} samples of {failed} errors, "
                   f"{r.sum('retprobe_samples_dropped_total', function)} dropped")
        if r.sum("retprobe_samples_dropped_total", function, reason="rate"):
            yield f"{mechanism}: dropped for their rate"


def slow(r):
    """Those beyond the bucket, whatever this machine's speed."""
    function = SYS + "msgrcv"
    calls = r.sum("retprobe_duration_seconds_count", function)
    fast = r.sum("retprobe_duration_seconds_bucket", function, le="0.001")
    if r.matched(function) != calls - fast or calls - fast < 20:
        yield f"{r.matched(function)} samples of {calls - fast} slow calls"
    for s in r.samples(function):
        if s["duration"] <= 0.001:
            yield f"a sample of {s['duration']} s"


def rate(r):
    function = SYS + "getpgid"
    samples = r.sum("retprobe_samples_total", function)
    dropped = r.sum("retprobe_samples_dropped_total", function, reason="rate")
    if not samples or not dropped or samples + dropped != 3000:
        yield f"{samples} samples, {dropped} dropped of 3000"
    for s in r.samples(function):
        if s["stack"] or s["stack_error"]:
            yield f"a stack that nobody asked for: {s['stack']}"


def contents(r):
    for mechanism, function in r.functions():
        samples = r.samples(function)
        numbers = [s["sample"] for s in samples]
        if numbers != sorted(numbers, reverse=True):
            yield f"{mechanism}: not the newest first"
        user = function.startswith("workload_")
        for s in samples:
            comm = "seven" if user else "turner"
            shown = {"value": "7"} if user else {"who": "turner", "code": str(s["ret"]), "first": FIRST.get(function, s["show"]["first"])}
            expected = {"function": function, "outcome": "error", "comm": comm, "labels": {"comm": comm}, "show": shown}
            found = {k: s[k] for k in expected}
            if found != expected or (s["ret"] != 7 if user else s["ret"] not in (-14, -22)):
                yield f"{mechanism}: {found}"
                break
        if not samples:
            yield f"{mechanism}: no sample"


def shown(r):
    """Parameters, from the entry: texts and numbers of the kernel's memory."""
    samples = [s["show"] for s in r.samples("vfs_read") if s["show"]["path"] == "/tmp/samples.yaml"]
    if not samples or any(s["fs"] not in ("tmpfs", "rootfs", "ramfs", "ext4", "overlay") or int(s["size"]) < 4096 for s in samples):
        yield f"{[s['show'] for s in r.samples('vfs_read')]}"


def untimed(r):
    function = "sched_get_priority_max"
    failed = r.sum("retprobe_returns_total", function, value="EINVAL")
    if failed < 1000 or r.matched(function) != failed:
        yield f"{r.matched(function)} samples of {failed} errors"


def stacks(r):
    """In the caller, or in the function itself."""
    for mechanism, function in r.functions():
        for s in r.samples(function):
            frames = [] if s["stack"] == ["?"] else s["stack"]
            if function.startswith("workload_"):
                if frames:
                    yield f"{mechanism}: a kernel stack of a user function: {frames}"
                    break
            elif (mechanism, r.kernel) == ("kretprobe", "5.10"):
                if frames: # see KERNELS.md
                    yield f"{mechanism}: {frames}"
                    break
            elif s["stack_error"] or not any(re.match("do_syscall_64|el0_svc|invoke_syscall", f) for f in frames):
                yield f"{mechanism}: {s['stack']} {s['stack_error']}"
                break
            elif not re.match(f"{function}|do_syscall_64|x64_sys_call|invoke_syscall", frames[0]):
                yield f"{mechanism}: begins in {frames[0]}"
                break


def user_stacks(r):
    """Of a process that may have ended before its maps were read; then its file is known by its build id."""
    for mechanism, function in r.functions():
        for s in r.samples(function) if function.startswith("workload_") else []:
            if not s["user_stack"] or not re.search(r"\[(.*/workload|build id [0-9a-f]{40})\]$", s["user_stack"][0]):
                yield f"{mechanism}: {s['user_stack']} {s['user_stack_error']}"
                break


def quiet(r):
    messages = (r.path / "dmesg").read_text()
    if messages:
        yield messages


def main():
    name, path = sys.argv[1], pathlib.Path(sys.argv[2])
    results = Results(name, path)
    failed = False
    checks = exact, slow, rate, contents, shown, untimed, stacks, user_stacks, quiet
    print(f"1..{len(checks)}")
    for check in checks:
        try:
            faults = list(check(results))
        except (OSError, KeyError, ValueError) as e:
            faults = [repr(e)]
        failed |= bool(faults)
        print(f"not ok {name} {check.__name__}: {'; '.join(faults)}" if faults else f"ok {name} {check.__name__}")
    return failed


sys.exit(main())
