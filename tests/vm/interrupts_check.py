#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A function that tasks and hard interrupts call: interrupts_check.py NAME RESULTS_DIR. See
interrupts_guest.sh.
"""
import json
import pathlib
import sys
from functools import partial

from conformance_check import report
from conformance_edges_check import Results, complete, whole
from scrape import Scrape

SIGNALLED = ("kill_pid_info", "kill_pid_info_type")
ADDRESSES = 8  # on the interrupt stacks, where a leftover can still wait to be found


def law(r, m):
    """Calls that arrive while a program of the function runs are counted, or missed and counted as missed."""
    calls = r.number(f"{m}.hits.after") - r.number(f"{m}.hits.before")
    delta = r.delta(m, SIGNALLED)
    yield from whole(delta, calls, True)
    if calls < 42000:
        yield f"only {calls} calls, hardly any by interrupts"


def entries(r, m):
    """The same of entries alone. Before 6.7, the kernel does not tell how many it skips."""
    calls = r.number(f"{m}.hits.after") - r.number(f"{m}.hits.before")
    before, after = (Scrape(r.directory / f"{m}.{when}") for when in ("before", "after"))
    (function,) = after.values("retprobe_probe_attached", "function")
    counted, missed = (after.sum(name, **of) - before.sum(name, **of)
                       for name, of in (("retprobe_events_total", {"event": function}),
                                        ("retprobe_missed_total", {"function": function})))
    untold = r.kernel.startswith(("5.10", "6.1."))
    if counted + missed > calls or (counted + missed < calls and not untold):
        yield f"{counted:.0f} counted + {missed:.0f} missed of {calls:.0f}"
    if calls < 42000:
        yield f"only {calls} calls, hardly any by interrupts"


def leftovers(r, m):
    """The kernel skips the return of a call from an interrupt, but not its entry. That entry must be
    recognised, and not be taken for another call's."""
    missed = r.delta(m, SIGNALLED).missed
    found, = (p["stale"] for p in json.loads(r.text(f"{m}.probes.json"))["probes"])
    if not 0 <= missed["recursion"] - found <= ADDRESSES:
        yield f"{missed['recursion']:.0f} without return, {found} of them found"
    if min(missed["recursion"], missed["no_entry"]) < 20 * ADDRESSES:
        yield f"only {missed} missed, so that this shows nothing"


def main():
    name, r = sys.argv[1], Results(pathlib.Path(sys.argv[2]))
    tests = {"has the mechanisms of its kernel": partial(complete, name.split()[1], r)}
    for m in r.cases:
        tests[f"{m} every call is accounted for"] = partial(entries if m == "kprobe" else law, r, m)
        # Before 5.12, the kernel skips neither program. A preemptible kernel also skips either program for
        # tasks, which nothing can detect (exporter/MECHANISMS.md, Known limits).
        if m == "fexit" and not r.preemptible and not r.kernel.startswith("5.10"):
            tests[f"{m} leftovers are found"] = partial(leftovers, r, m)
    report(name, tests)


if __name__ == "__main__":
    main()
