#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Several names of one kernel function: names_check.py NAME RESULTS_DIR, see names_guest.sh."""
import json
import pathlib
import sys

from conformance_check import Delta, FORCED, parse

NAMES = ("__x64_sys_munlockall", "__do_sys_munlockall", "__ia32_sys_munlockall")


def calls(directory, mechanism):
    series = [parse(directory / f"{mechanism}.{when}") for when in ("before", "after")]
    for name in NAMES:
        delta = Delta(*series, (name,))
        missed = sum(delta.missed.values()) + delta.missed_by_all
        if delta.count + missed != 100 or missed and not mechanism.startswith(("f", "auto")):
            yield f"{name}: {delta.count:.0f} counted, missed {delta.missed}"
        if sum(delta.returns.values()) != delta.count or {o for o, _ in delta.returns} - {"ok"}:
            yield f"{name}: returned {delta.returns}"


def probes(directory, mechanism):
    found = json.loads((directory / f"{mechanism}.probes").read_text())["probes"]
    if [p["function"] for p in found] != list(NAMES):
        yield f"probes {[p['function'] for p in found]}"
    for p in found:
        same = p["same_as"] and p["same_as"]["function"]
        if same != (None if p["function"] == NAMES[0] else NAMES[0]):
            yield f"{p['function']} is the same as {same}"
        if not p["attached"] or p["returns"] != "errno":
            yield f"{p['function']}: attached {p['attached']}, returns {p['returns']}"


def plan(directory):
    text = (directory / "plan").read_text()
    if text.count(f"same function as vmlinux:{NAMES[0]}\n") != 2 or ": 1 targets x " not in text:
        yield text


def clones(directory):
    """cookie_hash is beside its clone where the kernel's compiler has made one."""
    told = "some callers call cookie_hash.isra.0 instead, whose calls are not counted: add 'cookie_hash.*' to count them"
    if (told in (directory / "clone").read_text()) != (int((directory / "has_clone").read_text()) > 0):
        yield (directory / "clone").read_text()
    if told in (directory / "clones").read_text():
        yield (directory / "clones").read_text()


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    mechanisms = (directory / "mechanisms").read_text().split()
    wanted = {"auto"} | {m for m in FORCED[name.split()[1]] if not m.startswith("u")}
    tests = {"has the mechanisms of its kernel": sorted(wanted - set(mechanisms)),
             "the plan": plan(directory),
             "clones beside their function": clones(directory),
             "no complaints of the kernel": (directory / "dmesg").read_text().splitlines()}
    for m in mechanisms:
        tests[f"{m}: each name has all calls"] = calls(directory, m)
        tests[f"{m}: each name is told"] = probes(directory, m)
    for what, problems in tests.items():
        problems = list(problems)
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}")


if __name__ == "__main__":
    main()
