#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Checks what syscalls_guest.sh measured: the same numbers from the tracepoints and from the functions of the
system calls, and those that tests/e2e/calls/kinds.c and answered.c make.

    syscalls_check.py NAME DIRECTORY
"""
import json
import pathlib
import re
import sys

SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
COUNTED = ("retprobe_returns_total", "retprobe_duration_seconds_count", "retprobe_missed_total")
NOBODY = "4000000"
# By function and further labels: what the tracepoints, too, must have.
EXPECTED = {
    ("sched_rr_get_interval", "answered", "5", "error", "EPERM"): 100,
    ("sched_rr_get_interval", "answered", "5", "ok", "positive"): 50,
    ("sched_rr_get_interval", "trapped"): 50,
    ("sched_rr_get_interval", "kinds", NOBODY, "error", "ESRCH"): 3,
    ("munlockall", "kinds", "ok", "0"): 14,
    ("getpgid", "0", "ok", "positive"): 4,
    ("clone", "ok", "positive"): 4,
    ("fork", "ok", "positive"): 5,
    ("vfork", "ok", "positive"): 2,
    ("execve", "ok", "0"): 2,
    ("execve", "error", "ENOENT"): 1,
    ("readv", "restarted", "ERESTARTSYS"): 4,
    ("readv", "ok", "positive"): 4,
    ("msgrcv", "restarted", "ERESTARTNOHAND"): 3,
    ("sched_get_priority_max", "ok", "positive"): 10,
}
# Of labels, in this order.
ORDER = ("function", "comm", "wanted", "outcome", "value", "reason")


def parse(path):
    series = {}
    for line in path.read_text().splitlines():
        match = None if line.startswith("#") else SAMPLE.match(line)
        if match and match.group(1) in COUNTED:
            labels = dict(LABEL.findall(match.group(2) or ""))
            if labels.get("object") == "syscall":
                series[(match.group(1),) + tuple(labels[name] for name in ORDER if name in labels)] = \
                    float(match.group(3))
    return series


def growth(directory, mechanism):
    before, after = (parse(directory / f"{mechanism}.{when}.after") for when in ("before", "after"))
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


def differences(want, got, functions):
    for key in sorted(want.keys() | got.keys()):
        if key[1] in functions and want.get(key, 0) != got.get(key, 0):
            yield f"{' '.join(key)}: {got.get(key, 0):.0f}, not {want.get(key, 0):.0f}"


def right(got, x32):
    expected = {**EXPECTED, ("getpgid", NOBODY, "error", "ESRCH"): 10 + x32}
    if x32:
        expected["readv", "error", "EBADF"] = 1
    for key, calls in expected.items():
        name = "retprobe_missed_total" if key[-1] == "trapped" else "retprobe_returns_total"
        if got.get((name,) + key, 0) != calls:
            yield f"{' '.join(key)}: {got.get((name,) + key, 0):.0f}, not {calls}"


def mechanisms(directory, mechanism):
    for probe in json.loads((directory / f"{mechanism}.probes").read_text())["probes"]:
        if probe["mechanism"] != mechanism or "former_files" in probe:
            yield f"{probe['function']}: {probe}"


def crowd(directory):
    """Of six calls that wait for their answers, this build can count four. The threads' other calls may be
    missed as well."""
    text = (directory / "crowd").read_text()
    value = {
        "counted": r'retprobe_returns_total\{.*function="sched_rr_get_interval".*\} (\d+)',
        "missed": r'retprobe_missed_total\{object="_all",function="_all",reason="maxactive"\} (\d+)',
    }
    value = {name: sum(map(int, re.findall(pattern, text))) for name, pattern in value.items()}
    if not 0 < value["counted"] < 6 or value["counted"] + value["missed"] < 6:
        yield str(value)


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    live = [path.name.removesuffix(".exit") for path in sorted(directory.glob("*.exit"))]
    want = growth(directory, "tracepoint")
    x32 = int((directory / "x32").read_text())
    kernel = (directory / "kernel").read_text()
    chosen = "kprobe.session" if kernel.startswith("7") else "fexit"
    counts_slots = not kernel.startswith("5.10")
    print(f"1..{3 * len(live) + 4 + counts_slots}")
    tests = {
        "no complaints of the kernel": (directory / "dmesg").read_text().splitlines(),
        "no events are left": (directory / "leftovers").read_text().splitlines(),
        "the tracepoints count every call": right(want, x32),
        "a call is attached by its functions": [] if re.search(rf"^syscall +getpgid +{chosen} ", (
            directory / "plan").read_text(), re.M) else [(directory / "plan").read_text()],
    }
    if counts_slots:
        tests["answered calls without a slot are missed"] = crowd(directory)
    for mechanism in live:
        got = growth(directory, mechanism)
        tests[f"{mechanism}: the same numbers"] = differences(want, got, {key[1] for key in got} | {"getpgid"})
        tests[f"{mechanism} is what they are attached by"] = mechanisms(directory, mechanism)
        tests[f"{mechanism}: exit code"] = [] if (directory / f"{mechanism}.exit").read_text().strip() == "0" else \
            ["it stopped badly"]
    for what, problems in tests.items():
        problems = list(problems)
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}")


if __name__ == "__main__":
    main()
