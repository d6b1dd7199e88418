#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what nfs_guest.sh measured: nfs_check.py NAME RESULTS_DIR."""
import pathlib
import re
import sys

from events_check import run
from scrape import Scrape, equal
from spans_check import numbers_of

SECONDS = "retprobe_span_seconds"


def told(path):
    """{operation: (calls, seconds from queueing to the result)} of the mount."""
    rows = re.findall(r"^\s+(\w+): ((?:\d+ ?){8,})$", path.read_text(), re.MULTILINE)
    found = {}
    for name, numbers in rows:
        n = [int(word) for word in numbers.split()]
        if n[0]:
            found[name] = n[0], n[7] / 1000
    return found


def calls(r, first, second):
    """{operation: (calls, seconds)}, of the server's program, between two scrapes."""
    count, total = ({key.upper(): v - r[first].values(metric, "procedure", span="rpc_call").get(key, 0)
                     for key, v in r[second].values(metric, "procedure", span="rpc_call").items()}
                    for metric in (SECONDS + "_count", SECONDS + "_sum"))
    return {key: (n, total[key]) for key, n in count.items() if n}


def grown(r, first, second):
    before = r[first + ".mount"]
    both = {key: (n - before.get(key, (0, 0))[0], s - before.get(key, (0, 0))[1])
            for key, (n, s) in r[second + ".mount"].items()}
    return {key: v for key, v in both.items() if v[0]}


def waiting(r):
    """Until its module is loaded."""
    value = r["waiting"].series.get(("retprobe_probe_attached", frozenset({
        ("object", "span"), ("function", "rpc_call"), ("reason", "waiting")})))
    yield from equal("attached", value, 0)


def law(r):
    for when in "first", "second", "slow":
        of = numbers_of(r[when], "rpc_call")
        over = sum(of[key] for key in ("ended", "cancelled", "replaced", "no_room", "detached", "running"))
        yield from equal(when, of["begun"], over)


def operations(r):
    """As many of each as the client says of its mount, but for those of no mount: leases and sessions."""
    found, wanted = calls(r, "first", "second"), grown(r, "first", "second")
    yield from equal("operations", {key: n for key, (n, _) in found.items() if key in wanted},
                     {key: n for key, (n, _) in wanted.items()})
    for key, least in ("OPEN", 40), ("READ", 20), ("WRITE", 20), ("REMOVE", 9):
        if wanted.get(key, (0, 0))[0] < least:
            yield f"{key}: {wanted}"
    missing = r["second"].sum("retprobe_span_ended_total", span="rpc_call", value="ENOENT")
    if missing < 20:
        yield f"{missing} calls with ENOENT"


def seconds(r):
    """40 ms each, and the sum is the client's, which counts milliseconds of each."""
    found, wanted = calls(r, "second", "slow"), grown(r, "second", "slow")
    for key, (n, s) in wanted.items():
        if key not in found or found[key][0] != n:
            yield f"{key}: {found.get(key)}, not {n}"
        elif not 0.9 * s - 0.003 * n <= found[key][1] <= 1.05 * s + 0.003 * n or found[key][1] < 0.04 * n:
            yield f"{key}: {found[key][1]} s, not {s} s"
    if not wanted.get("GETATTR", (0, 0))[0]:
        yield f"too few calls: {wanted}"


def hung(r):
    # The renewal of the lease may hang, too.
    running = r["hung"].sum("retprobe_span_running", span="rpc_call")
    if not 1 <= running <= 3:
        yield f"{running} running"
    age = r["hung"].sum("retprobe_span_oldest_seconds", span="rpc_call")
    scans = r["hung"].series.get(("retprobe_exporter_scan_available", frozenset({("reason", "")})))
    if scans and not 1 <= age < 60:
        yield f"{age} s"


CHECKS = (waiting, law, operations, seconds, hung)


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    r = {when: Scrape(directory / when) for when in ("waiting", "first", "second", "slow", "hung")}
    r |= {when + ".mount": told(directory / (when + ".mount")) for when in ("first", "second", "slow")}
    return run(name, CHECKS, r)


if __name__ == "__main__":
    sys.exit(main())
