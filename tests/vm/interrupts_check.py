#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A function that tasks and hard interrupts call: interrupts_check.py NAME RESULTS_DIR, see
interrupts_guest.sh."""
import json
import pathlib
import sys
from functools import partial

from conformance_check import report
from conformance_edges_check import Results, complete, whole

SIGNALLED = ("kill_pid_info", "kill_pid_info_type")
ADDRESSES = 8  # on the interrupts' stacks, at which a call's leftover may still wait to be found


def law(r, m):
    """Counted, or missed and counted as that: what came while a program of the function ran."""
    calls = r.number(f"{m}.hits.after") - r.number(f"{m}.hits.before")
    delta = r.delta(m, SIGNALLED)
    yield from whole(delta, calls, True)
    if calls < 105000:
        yield f"only {calls} calls, hardly any by interrupts"


def leftovers(r, m):
    """The kernel skips the return of a call from an interrupt, but not its entry, which must be found for
    what it is, and not be taken for the entry of another call."""
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
        tests[f"{m} every call is accounted for"] = partial(law, r, m)
        # Before 5.12 the kernel skips neither program; and a kernel that preempts itself skips either
        # of them for tasks as well, which nothing can tell (exporter/MECHANISMS.md, Known limits).
        if m == "fexit" and not r.preemptible and not r.kernel.startswith("5.10"):
            tests[f"{m} leftovers are found"] = partial(leftovers, r, m)
    report(name, tests)


if __name__ == "__main__":
    main()
