#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares the exporter's metrics with the workload's calls: counts, missed calls, results, and durations.

conformance_check.py 'conformance SERIES' RESULTS_DIR: reads the files of conformance_guest.sh. Prints
`ok NAME...` or `not ok NAME...: why` per check.
"""
import errno
import json
import pathlib
import re
import sys
from functools import partial

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

# How functions of system calls are named.
SYS = "__arm64_sys_" if "-arm64" in "".join(sys.argv[1:2]) else "__x64_sys_"

# The calls of each kernel or user function per measurement: (functions, threads x calls, outcome, value).
# Functions of one row are names of the same probe on different kernels.
UNLINK = ("do_unlinkat", "filename_unlinkat")
ZERO = ("read_iter_zero",)
EXPECTED = {
    "unlink-missing": [(UNLINK, 4000, "error", "ENOENT")],
    "unlink-existing": [(UNLINK, 400, "ok", "0")],
    "getpgid-live": [(("getpgid",), 4000, "ok", "positive"),
                     ((SYS + "getpgid",), 4000, "ok", "positive")],
    "getpgid-dead": [(("getpgid",), 4000, "error", "ESRCH"),
                     ((SYS + "getpgid",), 4000, "error", "ESRCH")],
    "read-1": [(ZERO, 2000, "ok", "positive")],
    "read-4096": [(ZERO, 2000, "ok", "positive")],
    "sleepers": [((SYS + "msgrcv",), 200, "ok", "positive")],
    "map-hit": [(("bpf_map_copy_value",), 2000, "ok", "0")],
    "map-miss": [(("bpf_map_copy_value",), 2000, "error", "ENOENT")],
    "user-positive": [(("workload_function",), 1000, "ok", "positive")],
    "user-negative": [(("workload_function",), 1000, "ok", "negative")],
    "user-zero": [(("workload_function",), 1000, "ok", "zero")],
    "user-recursion": [(("workload_recursion",), 400 * 20, None, None)],
    # After as many calls of another function that never return.
    "user-left": [(("workload_recursion",), 400 * 20, None, None)],
    # 100 levels, of which the kernel follows 64. The others are missed, and counted as missed.
    "user-deep": [(("workload_recursion",), 20 * 100, None, None)],
}
GETPGID = ("getpgid-live", "getpgid-dead")
USER = tuple(k for k in EXPECTED if k.startswith("user-"))
MAP = ("map-hit", "map-miss")
# The runs with automatic choice, and the measurements of each. Native ones use system calls that no other
# program makes.
AUTO = {
    "auto.mmap": tuple(k for k in EXPECTED if k not in MAP),
    "auto.percpu": tuple(k for k in EXPECTED if k not in MAP + ("user-deep",)),
    "auto.percpu-syscalls": GETPGID,
    "auto.map": MAP,
}
AUTO_NATIVE = {
    "auto.mmap": GETPGID + ("sleepers",) + USER,
    "auto.percpu-syscalls": GETPGID,
}
# Mechanisms that each kernel of the matrix must have. More are allowed.
FORCED = {
    "5.10": {"fexit", "kretprobe", "uprobe.ret", "uretprobe"},
    "6.1": {"fexit", "kretprobe", "uprobe.ret", "uretprobe"},
    "6.12": {"fexit", "kprobe.session", "kprobe.multi", "kretprobe", "uprobe.ret", "uprobe.multi",
             "uretprobe"},
    "6.18": {"fexit", "kprobe.session", "kprobe.multi", "kretprobe", "uprobe.ret", "uprobe.session",
             "uprobe.multi", "uretprobe"},
    "7": {"fsession.multi", "fsession", "fexit", "kprobe.session", "kprobe.multi", "kretprobe",
          "uprobe.ret", "uprobe.session", "uprobe.multi", "uretprobe"},
    # No trampolines and function graph before 6.4 and 6.14.
    "6.1-arm64": {"kretprobe", "uprobe.ret", "uretprobe"},
    "6.12-arm64": {"fexit", "kretprobe", "uprobe.ret", "uprobe.multi", "uretprobe"},
    "7-arm64": {"fsession", "fexit", "kprobe.session", "kprobe.multi", "kretprobe", "uprobe.ret", "uprobe.session",
                "uprobe.multi", "uretprobe"},
    "native": {"uprobe.ret", "uretprobe"},
}


def forced(series):
    """A flavour has the mechanisms of its version."""
    version = series.removesuffix("-rt").removesuffix("-cloud")
    return FORCED[version]


PAIRS = ("fexit", "kprobe.multi", "kretprobe")
# Mechanisms for which the kernel only counts the missed calls of all functions together, by reason.
SHARED = {
    "recursion": {"fsession.multi", "kprobe.session", "kprobe.multi", "tracepoint", "uprobe.session",
                  "uprobe.multi", "uretprobe"},
    "maxactive": {"kprobe.session", "kprobe.multi"},
}
SLEEP_SECONDS = 0.1  # the workload's sleepers sleep for at least 0.3 s


def parse(path):
    series = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        m = SAMPLE.match(line)
        if not m:
            raise ValueError(f"{path}: not a sample: {line!r}")
        labels = tuple(sorted(LABEL.findall(m.group(2) or "")))
        key = (m.group(1), labels)
        if key in series:
            raise ValueError(f"{path}: twice: {line!r}")
        series[key] = float(m.group(3))
    return series


class Delta:
    """The growth of a function's series in one measurement."""

    def __init__(self, before, after, functions):
        def of(series, name, functions=functions):
            return {dict(k[1]).get("le", "") + "|" + dict(k[1]).get("outcome", "") + "|" +
                    dict(k[1]).get("value", "") + "|" + dict(k[1]).get("reason", ""): v
                    for k, v in series.items()
                    if k[0] == name and dict(k[1]).get("function") in functions}

        def delta(name, functions=functions):
            b, a = of(before, name, functions), of(after, name, functions)
            return {k: v - b.get(k, 0) for k, v in a.items()}

        self.known = bool(of(after, "retprobe_duration_seconds_count"))
        self.count = sum(delta("retprobe_duration_seconds_count").values())
        self.sum = sum(delta("retprobe_duration_seconds_sum").values())
        self.buckets = {float(k.split("|")[0]): v
                        for k, v in delta("retprobe_duration_seconds_bucket").items()}
        self.returns = {tuple(k.split("|")[1:3]): v
                        for k, v in delta("retprobe_returns_total").items() if v}
        self.missed = {k.split("|")[3]: v for k, v in delta("retprobe_missed_total").items()}
        self.missed_by_all = sum(delta("retprobe_missed_total", ("_all",)).values())


def check_one(series, run, measurement, work, expected, delta):
    """Yields problems."""
    functions, calls, outcome, value = expected
    if not delta.known:
        yield f"no series for {'|'.join(functions)}"
        return
    missed = sum(delta.missed.values())
    if value == "unwound":
        if (delta.count, delta.missed.get("unwound"), missed) != (0, calls, calls):
            yield f"{delta.count:.0f} counted, missed {delta.missed}, not {calls} unwound"
        return
    # One function is called at a time, so the misses of a shared program are its own. Exceptions are user
    # functions measured beside kernel functions' programs, and the program for all system calls.
    if run != "auto.mmap" and not (run == "auto.percpu" and measurement in USER):
        missed += delta.missed_by_all
    short = calls - delta.count - missed
    if run == "auto.percpu-syscalls" and short < 0:
        short = min(0, short + delta.missed_by_all)
    if measurement == "user-deep":
        depth = delta.missed.get("depth", 0)
        missed -= depth
        if run != "uprobe.ret" and depth != 20 * (100 - 64):
            # No counter has these. A session's entry does not know that its return will not happen.
            # 5.10 has no task storage for the depth. (exporter/MECHANISMS.md, Known limits)
            if not run.startswith("uprobe.session") and series != "5.10":
                yield f"{depth:.0f} missed by depth, not {20 * (100 - 64)}"
            short -= 20 * (100 - 64)
    # nmissed of a multi link's return slots is not atomic in the kernel: an upper bound, not a count.
    slots = measurement == "sleepers" and run.startswith("kprobe.") and missed
    # While tasks sleep in the function, a session's skipped runs are an upper bound: a call whose entry and
    # return were both skipped can count twice. (exporter/MECHANISMS.md, Known limits)
    skipped = delta.missed.get("recursion", 0) + delta.missed_by_all
    twice = run.startswith("fsession") and measurement == "sleepers" and -skipped / 2 <= short < 0
    if short and not twice and not (slots and abs(short) <= 0.1 * calls):
        yield (f"{delta.count:.0f} counted + {missed:.0f} missed ({delta.missed}, "
               f"{delta.missed_by_all:.0f} by all) of {calls} calls")
    if run == "auto.mmap" and missed:
        yield f"{missed:.0f} missed {delta.missed}"
    if delta.buckets and delta.buckets[float("inf")] != delta.count:
        yield f"buckets sum up to {delta.buckets[float('inf')]}, count is {delta.count}"
    ordered = [v for _, v in sorted(delta.buckets.items())]
    if ordered != sorted(ordered):
        yield "buckets are not cumulative"
    returned = sum(delta.returns.values())
    if returned != delta.count:
        yield f"returns {delta.returns} are not the {delta.count:.0f} calls counted"
    if outcome and set(delta.returns) - {(outcome, value)}:
        yield f"returned {delta.returns}, not only {(outcome, value)}"
    # A probe is shorter than the workload's call, except that recursion counts each level. With a pair of
    # programs, the kernel can skip the entry of one call and the return of another. They then look like one
    # call from the first to the second. (exporter/MECHANISMS.md, Known limits)
    levels = calls / (work["ok"] + work["failed"])
    strays = missed if run in PAIRS else 0
    if not 0 < delta.sum <= work["ns"] * levels / 1e9 and not strays:
        yield f"{delta.sum} s in calls, the workload's own clock says {work['ns'] / 1e9} s"
    longest = max((b for b in delta.buckets if b * 1e9 < work["max_ns"]), default=0)
    above = [b for b in sorted(delta.buckets) if b > longest]
    if len(above) > 1 and delta.buckets[above[0]] < delta.count - strays:
        yield f"calls longer than {above[0]} s; the workload's longest took {work['max_ns']} ns"


def scrapes(results):
    """Problems of the scrapers of lib_guest.sh. Each leaves a line. Other lines are failures."""
    lines = (results / "scrapes").read_text().splitlines()
    yield from (line for line in lines if not re.fullmatch("[1-9][0-9]* scrapes, 0 failed", line))
    if not lines:
        yield "no scraper ran"


def states(run, results):
    """The checks of a run's last scrapes: {name: function that yields problems}."""
    def series():
        return parse(results / f"{run}.metrics")

    def attached():
        return {dict(k[1])["function"]: (v, dict(k[1])["reason"]) for k, v in series().items()
                if k[0] == "retprobe_probe_attached"}

    def unknown():
        if attached().get("no_such_function") != (0.0, "not_found"):
            yield str(attached())

    def losses():
        used = {dict(k[1])["mechanism"] for k in series() if k[0] == "retprobe_probe_info"}
        shared = {dict(k[1])["reason"] for k in series()
                  if k[0] == "retprobe_missed_total" and dict(k[1])["function"] == "_all"}
        want = {reason for reason, mechanisms in SHARED.items() if used & mechanisms}
        if shared != want:
            yield f"{shared}, not {want}"

    def stops():
        code = (results / f"{run}.exit").read_text().strip()
        if code != "0":
            yield f"exit code {code}"

    def lists():
        probes = json.loads((results / f"{run}.probes.json").read_text())
        if len(probes["probes"]) != len(attached()):
            yield str(probes)

    return {f"{run} a function that does not exist is exported as such": unknown,
            f"{run} losses of shared programs are there from the start": losses,
            f"{run} stops cleanly": stops,
            f"{run} /api/v1/probes lists every probe": lists}


def measured(auto, run, measurement):
    """Whether conformance_guest.sh makes this measurement in this run."""
    if run in auto:
        return measurement in auto[run]
    return measurement.startswith("user-") == run.startswith("u")


def rows_of(run, measurement, native):
    """The functions that a run probes."""
    if run == "uprobe.ret" and measurement == "user-left":
        return EXPECTED[measurement] + [(("workload_left",), 400, None, "unwound")]
    if native and measurement == "sleepers":
        return [(("msgrcv",), 200, "ok", "positive")]
    rows = EXPECTED[measurement]
    if measurement not in GETPGID or (run == "auto.mmap" and not native):
        return rows
    return rows[:1] if run in AUTO_NATIVE else rows[1:]


def calls(series, run, measurement, results, row):
    """Problems in the calls of one function in one measurement."""
    base = f"{run}.{measurement}"
    work = json.loads((results / f"{base}.json").read_text())
    last = (results / f"{base}.since").read_text().strip()
    delta = Delta(parse(results / last), parse(results / f"{base}.after"), row[0])
    yield from check_one(series, run, measurement, work, row, delta)
    if measurement == "sleepers":
        short = [v for b, v in delta.buckets.items() if b <= SLEEP_SECONDS and v]
        if short:
            yield f"sleepers that took less than {SLEEP_SECONDS} s: {short}"
    if row[2] == "error" and getattr(errno, row[3]) != work["errno"]:
        yield f"the workload saw errno {work['errno']}, not {row[3]}"


def complete(wanted, runs, results):
    if (results / "all").exists() and wanted - set(runs):
        yield f"not {sorted(wanted - set(runs))}"


def leftovers(results):
    left = results / "leftovers"
    if left.exists() and left.read_text().strip():
        yield left.read_text()


def report(name, tests):
    """Announces TESTS, {name: function that yields problems}, and prints a verdict for each."""
    print(f"1..{len(tests)}")
    for what, test in tests.items():
        try:
            problems = [str(problem) for problem in test()]
        except (OSError, ValueError, KeyError, IndexError) as e:
            problems = [repr(e)]
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}", flush=True)


def main():
    name, results = sys.argv[1], pathlib.Path(sys.argv[2])
    series = name.split()[1]
    native = series == "native"
    auto = AUTO_NATIVE if native else AUTO
    runs = (results / "runs").read_text().split()
    wanted = set(auto) | forced(series)
    tests = {"has the mechanisms of its kernel": partial(complete, wanted, runs, results)}
    for run in runs:
        for measurement in EXPECTED:
            if measured(auto, run, measurement):
                for row in rows_of(run, measurement, native):
                    tests[f"{run}.{measurement} {row[0][0]}"] = partial(calls, series, run, measurement, results, row)
        tests.update(states(run, results))
    tests["scrapes meanwhile"] = partial(scrapes, results)
    tests["no event left in tracefs"] = partial(leftovers, results)
    report(name, tests)
    if "auto.mmap" in runs:
        chosen = {dict(k[1])["mechanism"] for k in parse(results / "auto.mmap.metrics") if k[0] == "retprobe_probe_info"}
        print(f"# {name}: by default {', '.join(sorted(chosen))}")


if __name__ == "__main__":
    main()
