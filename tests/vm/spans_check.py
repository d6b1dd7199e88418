#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what spans_guest.sh measured: spans_check.py NAME RESULTS_DIR."""
import json
import pathlib
import sys

from events_check import run
from scrape import Scrape, equal

LOST = ("cancelled", "replaced", "no_room", "detached", "unmatched", "unreadable")


def numbers_of(scrape, name):
    """All numbers of a span."""
    of = {"begun": scrape.sum("retprobe_span_begun_total", span=name),
          "ended": scrape.sum("retprobe_span_seconds_count", span=name),
          "running": scrape.sum("retprobe_span_running", span=name)}
    return of | {reason: scrape.sum("retprobe_span_lost_total", span=name, reason=reason) for reason in LOST}


def grown(r, name, after, before):
    new, old = numbers_of(r[after], name), numbers_of(r[before], name)
    return {key: new[key] - old[key] for key in new if new[key] != old[key]}


def law(r):
    """Each that has begun is in one number. Exactly so, since nothing begins during a scrape."""
    for when in r["scrapes"]:
        for name in ("mixed", "small", "late", "raw", "crossed", "call", "sleep"):
            of = numbers_of(r[when], name)
            over = sum(of[key] for key in ("ended", "cancelled", "replaced", "no_room", "detached", "running"))
            yield from equal(f"{when}, {name}", of["begun"], over)
            yield from equal(f"{when}, {name}, ended by outcome", of["ended"],
                             r[when].sum("retprobe_span_ended_total", span=name))


def threads(r):
    """Four threads, 64 keys: all points are counted, and those that run are those that end then."""
    for name, room in ("mixed", 64), ("small", 20), ("late", 64), ("raw", 64), ("crossed", 64):
        of = numbers_of(r["mixed"], name)
        # Linux 7 skips programs at system calls while a task is preempted inside one, and counts it.
        lost = r["made"]["begun"] - of["begun"] + r["made"]["ended"] - of["ended"] - of["unmatched"]
        skipped = r["mixed"].sum("retprobe_missed_total", object="span", function=name, reason="recursion")
        if not lost <= skipped <= lost + r["made"]["cancelled"] or (skipped and not r["kernel"].startswith("7.")):
            yield f"{name}: of {r['made']} {lost} are not counted, and {skipped} were skipped"
        if not of["replaced"] or not of["cancelled"] or not 0 < of["running"] <= room:
            yield f"{name}: {of}"
        yield from equal(f"{name} drained", grown(r, name, "drained", "mixed"),
                         {"ended": of["running"], "unmatched": 64 - of["running"], "running": -of["running"]})
    yield from equal("no room", bool(numbers_of(r["mixed"], "small")["no_room"]), True)
    yield from equal("room", numbers_of(r["mixed"], "mixed")["no_room"], 0)


def full(r):
    """200 keys, and room for 20."""
    yield from equal("begun", grown(r, "small", "begun", "drained"), {"begun": 200, "no_room": 180, "running": 20})
    yield from equal("again", grown(r, "small", "again", "begun"), {"begun": 200, "no_room": 180, "replaced": 20})
    yield from equal("ended", grown(r, "small", "ended", "again"), {"ended": 20, "unmatched": 180, "running": -20})
    # Those of `late` and `raw` have fewer slots than there are keys.
    for name in "mixed", "late", "raw", "crossed":
        yield from equal(f"{name}, with room", grown(r, name, "ended", "drained"),
                         {"begun": 400, "ended": 200, "replaced": 200})


def labels(r):
    """Those of the begin, or of the end."""
    for name in "mixed", "late", "raw", "crossed":
        found = {when: r[when].values("retprobe_span_seconds_count", "odd", span=name) for when in ("again", "ended")}
        yield from equal(f"{name} grown", {odd: n - found["again"].get(odd, 0) for odd, n in found["ended"].items()},
                         {"0": 100, "1": 100})
    yield from equal("label sets", r["ended"].sum("retprobe_label_sets", function="call"), 100)


def outcomes(r):
    of = numbers_of(r["ended"], "call")
    yield from equal("call", of["begun"], of["ended"] + of["replaced"] + of["running"])
    if not r["kernel"].startswith("7."):
        yield from equal("replaced", of["replaced"], 0)
    yield from equal("outcome", r["ended"].values("retprobe_span_ended_total", "value", span="call"),
                     {"ESRCH": of["ended"]})


def functions(r):
    """The same numbers from the entries of functions, and from one of each."""
    if not r["functions"]:
        yield "SKIP: no kernel functions here"
        return
    for name in "functions", "both":
        yield from equal(f"{name}, again", grown(r, name, "again", "begun"), {"begun": 200, "replaced": 200})
        yield from equal(f"{name}, ended", grown(r, name, "ended", "again"), {"ended": 200, "running": -200})
        found = {when: r[when].values("retprobe_span_seconds_count", "odd", span=name) for when in ("again", "ended")}
        yield from equal(f"{name}, labels", {odd: n - found["again"].get(odd, 0) for odd, n in found["ended"].items()},
                         {"0": 100, "1": 100})


def times(r):
    """20 naps of 0.2 ms at least."""
    of = numbers_of(r["slept"], "sleep")
    yield from equal("naps", (of["begun"], of["ended"]), (20, 20))
    seconds = r["slept"].sum("retprobe_span_seconds_sum", span="sleep")
    if not 0.0002 * 20 <= seconds < 60:
        yield f"{seconds} s"


def programs(r):
    """100 orders: of four, two are delivered, one has an error, and one is dropped."""
    if not r["shop"]:
        yield "SKIP: build/shop is not here"
        return
    s = r["slept"]
    of = {key: n for key, n in numbers_of(s, "order").items() if n}
    yield from equal("orders", of, {"begun": 100, "ended": 75, "cancelled": 25})
    yield from equal("text", s.values("retprobe_span_seconds_count", "what", span="order"),
                     {"bread": 25, "wine": 25, "salt": 25})
    yield from equal("text at the end", s.values("retprobe_span_seconds_count", "what", span="pause"),
                     {"wine": 25, "salt": 25, "oil": 25})
    for name in "order", "delivery":
        yield from equal(name, s.values("retprobe_span_ended_total", "value", span=name),
                         {"0": 1, "positive": 49, "EIO": 25})
    yield from equal("events", s.values("retprobe_events_total", "what", event="shop:order__start"),
                     {"bread": 13, "wine": 13, "salt": 12, "oil": 12})
    yield from equal("by parameter", s.values("retprobe_span_seconds_count", "order", span="delivery"),
                     {"0": 25, "1": 25, "2": 25})
    yield from equal("sizes", s.sum("retprobe_span_seconds_count", span="sizes", a="-5", b="65531", c="-70000",
                                    d="1099511627776", e="8", f="-12"), 1)


def disk(r):
    """Each request, by device and operation, at 20 ms."""
    if not r["disk"]:
        yield "SKIP: no disk of known latency here"
        return
    s = r["disk.after"]
    for operation, n in ("R", 20), ("W", 10):
        found = {key: v for key, v in s.values("retprobe_span_seconds_count", "operation", span="block_io",
                                               device="nullb0").items() if key.startswith(operation)}
        yield from equal(operation, sum(found.values()), n)
        for key in found:
            at = {"span": "block_io", "device": "nullb0", "operation": key}
            yield from equal("shorter than 10 ms", s.sum("retprobe_span_seconds_bucket", le="0.01", **at), 0)
    yield from equal("outcomes", s.values("retprobe_span_ended_total", "outcome", span="block_io", device="nullb0"),
                     {"ok": 30})


def reload(r):
    before, after = numbers_of(r["slept"], "mixed"), numbers_of(r["later"], "mixed")
    yield from equal("goes on", {key: after[key] - before[key] for key in after if after[key] != before[key]},
                     {"begun": 30, "ended": 30})
    of = numbers_of(r["later"], "small")
    yield from equal("begins anew", {key: v for key, v in of.items() if v}, {"unmatched": 30})


def oldest(r):
    if not r["old"].series.get(("retprobe_exporter_scan_available", frozenset({("reason", "")}))):
        yield "SKIP: this kernel cannot walk through maps"
        return
    yield from equal("running", numbers_of(r["old"], "mixed")["running"], 1)
    age = r["old"].sum("retprobe_span_oldest_seconds", span="mixed")
    if not 1 <= age < 120:
        yield f"{age} s"
    yield from equal("none", r["old"].sum("retprobe_span_oldest_seconds", span="sleep"), 0)


CHECKS = (law, threads, full, labels, outcomes, functions, times, programs, disk, reload, oldest)


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    r = {"kernel": (directory / "kernel").read_text(),
         "functions": (directory / "functions").exists(),
         "disk": (directory / "disk").exists(),
         "shop": (directory / "shop").exists(),
         "made": json.loads((directory / "mixed.json").read_text().splitlines()[0]),
         "scrapes": ("mixed", "drained", "begun", "again", "ended", "slept", "later")}
    for when in r["scrapes"] + ("since", "old") + (("disk.after",) if r["disk"] else ()):
        r[when] = Scrape(directory / when)
    return run(name, CHECKS, r)


if __name__ == "__main__":
    sys.exit(main())
