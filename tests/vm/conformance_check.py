#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Holds the exporter's metrics to what a workload did: law 1, law 2, results, and time.

conformance_check.py NAME RESULTS_DIR [native]: reads what conformance_guest.sh left there, and prints
a line `ok NAME...` or `not ok NAME...: why` for each check.
"""
import errno
import json
import pathlib
import re
import sys

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

# What each measurement makes of each kernel or user function: (functions, threads x calls, outcome,
# value). Functions of one row are names of the same probe on different kernels.
UNLINK = ("do_unlinkat", "filename_unlinkat")
ZERO = ("read_zero", "read_iter_zero")
EXPECTED = {
    "unlink-missing": [(UNLINK, 10000, "error", "ENOENT")],
    "unlink-existing": [(UNLINK, 400, "ok", "0")],
    "getpgid-live": [(("getpgid",), 10000, "ok", "positive"),
                     (("__x64_sys_getpgid",), 10000, "ok", "positive")],
    "getpgid-dead": [(("getpgid",), 10000, "error", "ESRCH"),
                     (("__x64_sys_getpgid",), 10000, "error", "ESRCH")],
    "read-1": [(ZERO, 2000, "ok", "positive")],
    "read-4096": [(ZERO, 2000, "ok", "positive")],
    "sleepers": [(("__x64_sys_msgrcv",), 300, "ok", "positive")],
    "map-hit": [(("bpf_map_copy_value",), 2000, "ok", "0")],
    "map-miss": [(("bpf_map_copy_value",), 2000, "error", "ENOENT")],
    "user-positive": [(("workload_function",), 1000, "ok", "positive")],
    "user-negative": [(("workload_function",), 1000, "ok", "negative")],
    "user-zero": [(("workload_function",), 1000, "ok", "zero")],
    "user-recursion": [(("workload_recursion",), 400 * 20, None, None)],
}
NATIVE = {
    "unlink-missing": [(("unlink",), 10000, "error", "ENOENT")],
    "unlink-existing": [(("unlink",), 400, "ok", "0")],
    "getpgid-live": EXPECTED["getpgid-live"][:1],
    "getpgid-dead": EXPECTED["getpgid-dead"][:1],
    # read(2) is everybody's: what the workload did is in there, and others' calls too.
    "sleepers": [(("msgrcv",), 300, "ok", "positive")],
    **{k: v for k, v in EXPECTED.items() if k.startswith("user-")},
}
MMAP_ONLY = ("map-hit", "map-miss")
SLEEP_SECONDS = 0.1  # the workload's sleepers sleep 0.3 s and more


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
    """What one measurement added to a function's series."""

    def __init__(self, before, after, functions):
        def of(series, name):
            return {dict(k[1]).get("le", "") + "|" + dict(k[1]).get("outcome", "") + "|" +
                    dict(k[1]).get("value", "") + "|" + dict(k[1]).get("reason", ""): v
                    for k, v in series.items()
                    if k[0] == name and dict(k[1]).get("function") in functions}

        def delta(name):
            b, a = of(before, name), of(after, name)
            return {k: v - b.get(k, 0) for k, v in a.items()}

        self.known = bool(of(after, "retprobe_duration_seconds_count"))
        self.count = sum(delta("retprobe_duration_seconds_count").values())
        self.sum = sum(delta("retprobe_duration_seconds_sum").values())
        self.buckets = {float(k.split("|")[0]): v
                        for k, v in delta("retprobe_duration_seconds_bucket").items()}
        self.returns = {tuple(k.split("|")[1:3]): v
                        for k, v in delta("retprobe_returns_total").items() if v}
        self.missed = {k.split("|")[3]: v for k, v in delta("retprobe_missed_total").items()}


def check_one(cells, work, expected, delta):
    """Yields what is wrong."""
    functions, calls, outcome, value = expected
    if not delta.known:
        yield f"no series for {'|'.join(functions)}"
        return
    missed = sum(delta.missed.values())
    if delta.count + missed != calls:
        yield f"{delta.count:.0f} counted + {missed:.0f} missed {delta.missed} of {calls} calls"
    if cells == "mmap" and missed:
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
    # A probe lies within the workload's call, except that recursion counts its levels each.
    levels = calls / (work["ok"] + work["failed"])
    if not 0 < delta.sum <= work["ns"] * levels / 1e9:
        yield f"{delta.sum} s in calls, the workload's own clock says {work['ns'] / 1e9} s"
    longest = max((b for b in delta.buckets if b * 1e9 < work["max_ns"]), default=0)
    above = [b for b in sorted(delta.buckets) if b > longest]
    if len(above) > 1 and delta.buckets[above[0]] != delta.count:
        yield f"calls longer than {above[0]} s; the workload's longest took {work['max_ns']} ns"


def check_states(cells, results, verdict):
    after = parse(results / f"{cells}.unlink-missing.after")
    states = {dict(k[1])["function"]: (v, dict(k[1])["reason"]) for k, v in after.items()
              if k[0] == "retprobe_probe_attached"}
    verdict(f"{cells} a function that does not exist is exported as such",
            [] if states.get("no_such_function") == (0.0, "not_found") else [str(states)])
    code = (results / f"{cells}.exit").read_text().strip()
    verdict(f"{cells} stops cleanly", [] if code == "0" else [f"exit {code}"])
    probes = json.loads((results / f"{cells}.probes.json").read_text())
    verdict(f"{cells} /api/v1/probes lists every probe",
            [] if len(probes["probes"]) == len(states) else [str(probes)])


def check(name, results, expected):
    def verdict(what, problems):
        problems = list(problems)
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}",
              flush=True)

    for cells in ("mmap", "percpu"):
        for measurement, rows in expected.items():
            if cells != "mmap" and measurement in MMAP_ONLY:
                continue
            base = f"{cells}.{measurement}"
            try:
                before = parse(results / f"{base}.before")
                after = parse(results / f"{base}.after")
                work = json.loads((results / f"{base}.json").read_text())
            except (OSError, ValueError) as e:
                verdict(base, [str(e)])
                continue
            for row in rows:
                delta = Delta(before, after, row[0])
                problems = list(check_one(cells, work, row, delta))
                if measurement == "sleepers":
                    short = [v for b, v in delta.buckets.items() if b <= SLEEP_SECONDS and v]
                    if short:
                        problems.append(f"sleepers that took less than {SLEEP_SECONDS} s: {short}")
                if row[2] == "error" and getattr(errno, row[3]) != work["errno"]:
                    problems.append(f"the workload saw errno {work['errno']}, not {row[3]}")
                verdict(f"{base} {row[0][0]}", problems)
        try:
            check_states(cells, results, verdict)
        except (OSError, ValueError) as e:
            verdict(f"{cells} states", [str(e)])
    scraper = results / "scraper.log"
    verdict("no scrape failed", [scraper.read_text()] if scraper.exists() else [])
    leftovers = results / "leftovers"
    verdict("no event left in tracefs", [leftovers.read_text()]
            if leftovers.exists() and leftovers.read_text().strip() else [])


def main():
    name, results = sys.argv[1], pathlib.Path(sys.argv[2])
    check(name, results, NATIVE if "native" in sys.argv[3:] else EXPECTED)


if __name__ == "__main__":
    main()
