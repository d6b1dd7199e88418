#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what events_guest.sh measured: events_check.py NAME RESULTS_DIR."""
import json
import pathlib
import sys

from scrape import Scrape, equal

EVENTS = "retprobe_events_total"


def growth(r, label, **wanted):
    before, after = (r[when].values(EVENTS, label, **wanted) for when in ("before", "after"))
    return {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}


def skipped_by_linux_7(r, event):
    """It skips programs at system calls and raw tracepoints while a task is preempted inside one, and counts it."""
    if not r["kernel"].startswith("7.") or (":" in event and not event.startswith("syscalls:")):
        return 0
    return r["after"].sum("retprobe_missed_total", function=event, reason="recursion")


def texts(r):
    """A thread has its last name before each new one; the first time, that of the program."""
    for event in "task:task_rename", "task_rename":
        names = growth(r, "new", event=event)
        skipped = skipped_by_linux_7(r, event)
        if skipped:
            yield from equal("raw events, with those skipped", sum(names.values()) + skipped, 20000)
            continue
        yield from equal("new names", names, {f"{name}{i}": 2500 for i in range(4) for name in ("even", "odd")})
        old = growth(r, "old", event=event)
        yield from equal("old names", old, {f"even{i}": 2500 for i in range(4)} |
                         {f"odd{i}": 2499 for i in range(4)} | {"renamer": 4})


def numbers(r):
    for event in "signal:signal_generate", "signal_generate":
        yield from equal("signals", growth(r, "signal", event=event), {"SIGUSR1": 3000, "SIGUSR2": 1000})
        observed = r["after"].values("retprobe_observed_sum", "name", function=event)
        yield from equal("observed", observed, {"number": 3000 * 10 + 1000 * 12})


def located(r):
    for event in "sched:sched_process_exec", "sched_process_exec":
        yield from equal("executions", growth(r, "program", event=event), {"executed-a": 1, "executed-b": 2})


def system_calls(r):
    if not r["syscalls"]:
        yield "SKIP: this kernel has no tracepoints of system calls"
        return
    asked = growth(r, "asked", event="syscalls:sys_enter_getsid")
    n = 600 - skipped_by_linux_7(r, "syscalls:sys_enter_getsid")
    yield from equal("arguments", (len(asked), sum(asked.values())), (n, n))
    n = 600 - skipped_by_linux_7(r, "syscalls:sys_exit_getsid")
    yield from equal("results", growth(r, "result", event="syscalls:sys_exit_getsid"), {"ESRCH": n})


def functions(r):
    """Entries. A task that exits does not return."""
    if not r["functions"]:
        yield "SKIP: no kernel functions here"
        return
    (event,) = {e for e in growth(r, "event", object="vmlinux") if e and "getsid" in e}
    asked = growth(r, "asked", event=event)
    yield from equal("parameters", (len(asked), sum(asked.values())), (600, 600))
    yield from equal("exits", growth(r, "comm", event="entry:do_exit"), {"executed-a": 1, "executed-b": 2})
    missing = r["after"].series.get(("retprobe_probe_attached", frozenset({
        ("object", "vmlinux"), ("function", "entry:no_such_function"), ("reason", "not_found")})))
    yield from equal("a missing function", missing, 0)
    probes = {p["function"]: p for p in json.loads(r["probes"])["probes"]}
    yield from equal("mechanism", probes[event]["mechanism"], "kprobe")


def states(r):
    """One that does not exist, and one of two."""
    attached = r["after"].values("retprobe_probe_attached", "function", object="tracepoint")
    for name in ("task:task_rename", "sched:sched_process_exec", "sched:sched_process_exit",
                 "signal:signal_deliver"):
        yield from equal(name, attached.get(name), 1)
    yield from equal("an excluded event", "sched:sched_process_exit" in growth(r, "event"), True)
    attached = r["after"].values("retprobe_probe_attached", "function", object="raw_tracepoint")
    yield from equal("raw ones", attached, {"task_rename": 1, "sched_process_exec": 1, "sched_process_exit": 1,
                                            "signal_generate": 1, "task_newtask": 1})
    for missing in ("tracepoint", "sched:no_such_event"), ("raw_tracepoint", "no_such_event"):
        value = r["after"].series.get(("retprobe_probe_attached", frozenset({
            ("object", missing[0]), ("function", missing[1]), ("reason", "not_found")})))
        yield from equal("a missing event", value, 0)


def families(r):
    """A tracepoint has neither durations nor results."""
    wrong = {name for (name, labels) in r["after"].series
             if name.startswith(("retprobe_duration", "retprobe_returns"))
             and dict(labels)["object"] in ("tracepoint", "raw_tracepoint")}
    yield from equal("families", wrong, set())
    for of in "tracepoint", "raw_tracepoint":
        for event, missed in r["after"].values("retprobe_missed_total", "function", object=of).items():
            yield from equal(f"missed {event}", missed, skipped_by_linux_7(r, event))


def reload(r):
    for event in "signal:signal_generate", "signal_generate":
        later, after = (r[when].values(EVENTS, "signal", event=event) for when in ("later", "after"))
        yield from equal("goes on", later, {"SIGUSR1": after["SIGUSR1"] + 300, "SIGUSR2": after["SIGUSR2"] + 100})
    for event in "task:task_rename", "task_rename":
        yield from equal("begins at 0", sum(r["later"].values(EVENTS, "new", event=event).values()), 10)


def perf(r):
    """Others who use a tracepoint still see its events."""
    yield from equal("counted by perf", json.loads(r["perf"].splitlines()[0]), {"perf": 100})


def page(r):
    probes = {p["function"]: p for p in json.loads(r["probes"])["probes"]}
    yield from equal("mechanism", probes["task:task_rename"]["mechanism"], "event")
    yield from equal("raw mechanism", probes["task_rename"]["mechanism"], "raw_event")
    yield from equal("raw signature", probes["task_rename"]["signature"],
                     "void task_rename(struct task_struct *task, const char *comm)")
    yield from equal("signature", "char newcomm[16]" in probes["task:task_rename"]["signature"], True)


CHECKS = (texts, numbers, located, system_calls, functions, states, families, reload, perf, page)


def run(name, checks, r):
    """A verdict for each check. True: one has failed."""
    failed = False
    print(f"1..{len(checks)}")
    for check in checks:
        wrong = list(check(r))
        if wrong and wrong[0].startswith("SKIP: "):
            print(f"SKIP {name} {check.__name__}: {wrong[0][6:]}")
            continue
        failed = failed or bool(wrong)
        print(f"not ok {name} {check.__name__}: {'; '.join(wrong)}" if wrong else f"ok {name} {check.__name__}")
    return failed


def main():
    name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    read = lambda file: (directory / file).read_text() if (directory / file).exists() else None
    r = {when: Scrape(directory / when) for when in ("before", "after", "later")}
    r |= {file: read(file) for file in ("kernel", "syscalls", "functions", "perf", "probes")}
    return run(name, CHECKS, r)


if __name__ == "__main__":
    sys.exit(main())
