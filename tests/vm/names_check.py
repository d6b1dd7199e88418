#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Several names of one kernel function: names_check.py NAME RESULTS_DIR. See names_guest.sh."""
import json
import pathlib
import sys

from conformance_check import Delta, forced, parse

# The system call of each mechanism.
CALLS = {
    "auto": "munlockall",
    "fsession.multi": "inotify_init",
    "fsession": "vhangup",
    "fexit": "getegid",
    "kprobe.session": "geteuid",
    "kprobe.multi": "getgid",
    "kretprobe": "getuid",
}


def names(mechanism):
    return [f"__{part}_sys_{CALLS[mechanism]}" for part in ("x64", "do", "ia32")]


def calls(series, mechanism):
    for name in names(mechanism):
        delta = Delta(*series, (name,))
        # With other mechanisms that share a program, no call may be missed.
        missed = sum(delta.missed.values()) + (delta.missed_by_all if mechanism == "fsession.multi" else 0)
        if delta.count + missed != 100 or missed and not mechanism.startswith(("f", "auto")):
            yield f"{name}: {delta.count:.0f} counted, missed {delta.missed}, {delta.missed_by_all:.0f} by all"
        if sum(delta.returns.values()) != delta.count or {o for o, _ in delta.returns} - {"ok"}:
            yield f"{name}: returned {delta.returns}"


def probes(found, mechanism):
    first = names(mechanism)[0]
    found = [p for p in found if p["function"] in names(mechanism)]
    if [p["function"] for p in found] != names(mechanism):
        yield f"probes {[p['function'] for p in found]}"
    for p in found:
        same = p["same_as"] and p["same_as"]["function"]
        if same != (None if p["function"] == first else first):
            yield f"{p['function']} is the same as {same}"
        if not p["attached"] or p["returns"] != "errno":
            yield f"{p['function']}: attached {p['attached']}, returns {p['returns']}"
        if mechanism not in ("auto", p["mechanism"]):
            yield f"{p['function']}: attached by {p['mechanism']}"


def plan(directory):
    text = (directory / "plan").read_text()
    if text.count(f"same function as vmlinux:{names('auto')[0]}\n") != 2 or ": 2 targets x " not in text:
        yield text


def clones(directory):
    """cookie_hash has a clone if the kernel's compiler has made one."""
    told = "some callers call cookie_hash.isra.0 instead, whose calls are not counted: add 'cookie_hash.*' to count them"
    if (told in (directory / "plan").read_text()) != (int((directory / "has_clone").read_text()) > 0):
        yield (directory / "plan").read_text()
    if told in (directory / "clones").read_text():
        yield (directory / "clones").read_text()


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    mechanisms = [m for m in CALLS if m == "auto" or m in forced(name.split()[1])]
    print(f"1..{4 + 2 * len(mechanisms)}")
    series = [parse(directory / f"names.{when}") for when in ("before", "after")]
    found = json.loads((directory / "probes").read_text())["probes"]
    missing = set(mechanisms) - {"auto"} - {p["mechanism"] for p in found if p["attached"]}
    tests = {"has the mechanisms of its kernel": sorted(missing),
             "the plan": plan(directory),
             "clones beside their function": clones(directory),
             "no complaints of the kernel": (directory / "dmesg").read_text().splitlines()}
    for m in mechanisms:
        tests[f"{m}: each name has all calls"] = calls(series, m)
        tests[f"{m}: each name is told"] = probes(found, m)
    for what, problems in tests.items():
        problems = list(problems)
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}")


if __name__ == "__main__":
    main()
