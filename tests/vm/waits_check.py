#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what waits_guest.sh measured: waits_check.py NAME RESULTS_DIR. The kernel's own counts are read before and
after each scrape, so the growth of a span between two scrapes has a lower and an upper limit.
"""
import json
import pathlib
import sys

from events_check import run
from scrape import Scrape, equal
from spans_check import numbers_of


def told(path):
    """{(kind, name): number}; a name that comes twice is left out, as that of shared interrupts."""
    found, twice = {}, set()
    for line in path.read_text().splitlines():
        kind, name, n = line.split()
        if (kind, name) in found:
            twice.add((kind, name))
        found[kind, name] = int(n)
    return {key: n for key, n in found.items() if key not in twice}


def grown(r, metric, first, second, **labels):
    return r[second].sum(metric, **labels) - r[first].sum(metric, **labels)


def skipped(r, span, first, second):
    """Events that the kernel did not give to the programs, and counted."""
    return grown(r, "retprobe_missed_total", first, second, object="span", function=span)


def limits(r, key, first, second):
    """How much a count of the kernel can have grown between two scrapes."""
    low = r[second + ".before"].get(key, 0) - r[first + ".after"].get(key, 0)
    return low, r[second + ".after"].get(key, 0) - r[first + ".before"].get(key, 0)


def within(r, what, n, key, span, least, slack=0):
    """n grew as the kernel's count did. slack: how many may have begun and not ended at a scrape."""
    low, high = limits(r, key, "first", "second")
    if low < least:
        yield f"{what}: the kernel counted {low}, which is too few to compare"
    if not low - slack - skipped(r, span, "first", "second") <= n <= high + slack:
        yield f"{what}: {n}, not {low} to {high}"


def law(r):
    for when in "first", "competed", "second":
        for name in r["spans"]:
            of = numbers_of(r[when], name)
            over = sum(of[key] for key in ("ended", "cancelled", "replaced", "no_room", "detached", "running"))
            # Some begin or end while it is read.
            if abs(of["begun"] - over) > 20:
                yield f"{when}, {name}: {of}"
            yield from equal(f"{when}, {name}, unreadable", of["unreadable"], 0)
            yield from equal(f"{when}, {name}, no room", of["no_room"], 0)


def run_queue(r):
    """The sum of all waits, and their number, are those of schedstat."""
    found = grown(r, "retprobe_span_seconds_sum", "first", "competed", span="run_queue")
    low, high = (n / 1e9 for n in limits(r, ("run_queue", "ns"), "first", "competed"))
    if low < 0.5:
        yield f"the kernel says {low} s, which is too little to compare"
    if not 0.99 * low <= found <= 1.01 * high:
        yield f"{found} s, not {low} s to {high} s"
    n = grown(r, "retprobe_span_seconds_count", "first", "competed", span="run_queue")
    low, high = limits(r, ("run_queue", "n"), "first", "competed")
    if not 0.99 * low - skipped(r, "run_queue", "first", "competed") <= n <= 1.01 * high:
        yield f"{n} waits, not {low} to {high}"


def softirqs(r):
    for kind, least in ("NET_RX", 20), ("TIMER", 10), ("RCU", 1):
        n = grown(r, "retprobe_span_seconds_count", "first", "second", span="softirq", kind=kind)
        yield from within(r, kind, n, ("softirq", kind), "softirq", least, 2)


def hardirqs(r):
    """Each handler that the kernel names once."""
    compared = 0
    handlers = r["second"].values("retprobe_span_seconds_count", "handler", span="hardirq")
    for handler in handlers:
        if ("hardirq", handler) in r["second.before"]:
            n = grown(r, "retprobe_span_seconds_count", "first", "second", span="hardirq", handler=handler)
            yield from within(r, handler, n, ("hardirq", handler), "hardirq", 0, 1)
            compared += limits(r, ("hardirq", handler), "first", "second")[0]
    if not compared:
        yield f"no handler of {handlers} can be compared with {list(r['second.before'])}"


def timers(r):
    for span, least in ("timer", 5), ("hrtimer", 400):
        n = grown(r, "retprobe_span_seconds_count", "first", "second", span=span)
        yield from within(r, span, n, ("event", span + "_expire_exit"), span, least)
    n = grown(r, "retprobe_span_seconds_count", "first", "second", span="hrtimer", handler="hrtimer_wakeup")
    if n < 400 - skipped(r, "hrtimer", "first", "second"):
        yield f"hrtimer_wakeup: {n}"


def workqueues(r):
    begun = grown(r, "retprobe_span_begun_total", "first", "second", span="workqueue_wait")
    yield from within(r, "queued", begun, ("event", "workqueue_queue_work"), "workqueue_wait", 200)
    n = grown(r, "retprobe_span_seconds_count", "first", "second", span="workqueue")
    yield from within(r, "done", n, ("event", "workqueue_execute_end"), "workqueue", 200)
    for span in "workqueue", "workqueue_wait":
        n = grown(r, "retprobe_span_seconds_count", "first", "second", span=span, work="flush_to_ldisc")
        if n < 150:
            yield f"{span}, flush_to_ldisc: {n}"


def connections(r):
    """Each of 26 by its fate, blocking or not, and 10 of accepts(); and three that the program gave up."""
    found = {}
    for (name, labels), n in r["second"].series.items():
        of = dict(labels)
        if name == "retprobe_span_ended_total" and n and of["span"] == "tcp_connect" and of["comm"] == "python3":
            key = f"{of['family']} {of['value']}"
            found[key] = found.get(key, 0) + n
    yield from equal("fates", found, r["connects"]["fates"])
    yield from equal("all", sum(found.values()), 26 + 10)
    yield from equal("given up", grown(r, "retprobe_span_lost_total", "first", "second", span="tcp_connect",
                                       reason="cancelled"), 3)
    # One retransmission: at least a second.
    at = {"span": "tcp_connect", "comm": "python3"}
    slow = r["second"].sum("retprobe_span_seconds_count", **at) - \
        r["second"].sum("retprobe_span_seconds_bucket", le="1.0", **at)
    yield from equal("slow ones", slow, sum(n for key, n in found.items() if "TIMEDOUT" in key))


def accepts(r):
    """Seven that wait 0.3 s, one of them reset by its peer; and those whose server ends."""
    at = {"span": "tcp_accept", "port": "7778"}
    for family, n in r["connects"]["accepted"].items():
        yield from equal(family, r["second"].sum("retprobe_span_seconds_count", family=family, **at), n)
    waited = r["second"].sum("retprobe_span_seconds_sum", **at)
    if not 7 * 0.3 <= waited <= 7 * r["connects"]["seconds"]:
        yield f"{waited} s of {r['connects']['seconds']} s each"
    yield from equal("never accepted", grown(r, "retprobe_span_lost_total", "first", "second", span="tcp_accept",
                                             reason="cancelled"), r["connects"]["never accepted"])


CHECKS = (law, run_queue, softirqs, hardirqs, timers, workqueues, connections, accepts)


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    r = {"connects": json.loads((directory / "connects").read_text()),
         "spans": ("run_queue", "hardirq", "softirq", "timer", "hrtimer", "workqueue_wait", "workqueue", "tcp_connect",
                   "tcp_accept")}
    for when in "first", "competed", "second":
        r[when] = Scrape(directory / when)
        for side in ".before", ".after":
            r[when + side] = told(directory / (when + side))
    return run(name, CHECKS, r)


if __name__ == "__main__":
    sys.exit(main())
