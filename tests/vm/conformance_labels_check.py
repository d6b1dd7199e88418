#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks return kinds, labels, filters and cardinality: conformance_labels_check.py NAME RESULTS_DIR. See
conformance_labels_guest.sh.
"""
import itertools
import pathlib
import sys

from conformance_check import SYS, forced
from scrape import Scrape, equal

RETURNS = "retprobe_returns_total"
COUNT = "retprobe_duration_seconds_count"


def kinds(r):
    s = r.scrape("kinds.after")
    unlink = "filename_unlinkat" if s.sum(COUNT, function="filename_unlinkat") else "do_unlinkat"
    of = lambda name, label, f, **more: s.values(name, label, function=f, **more)
    both = of(RETURNS, "comm", unlink, value="ENOENT")
    yield from equal("two workloads", {k: both.get(k) for k in ("alpha", "beta")},
                     {"alpha": 1000, "beta": 3000})
    for comm in "alpha", "beta":
        pids = [p for p in of(COUNT, "pid", unlink, comm=comm) if p.isdigit()]
        yield from equal(f"processes of {comm}", len(pids), 1)
    # Live processes: each of the five workloads calls setpgid(2) once.
    yield from equal("NULL", of(RETURNS, "value", "find_task_by_vpid"), {"NULL": 300, "pointer": 5})
    yield from equal("NULL is an error", of(RETURNS, "outcome", "find_task_by_vpid"),
                     {"error": 300, "ok": 5})
    yield from equal("false is an error", of(RETURNS, "outcome", "ns_capable"), {"ok": 50, "error": 70})
    yield from equal("ERR_PTR", of(RETURNS, "value", "ipc_obtain_object_check"), {"EINVAL": 200})
    yield from equal("bool, root", of(RETURNS, "value", "ns_capable", uid="0"), {"true": 50})
    yield from equal("bool, nobody", of(RETURNS, "value", "ns_capable", uid="65534"), {"false": 70})
    timers = of(RETURNS, "value", "hrtimer_wakeup")
    if set(timers) != {"HRTIMER_NORESTART"} or timers["HRTIMER_NORESTART"] < 100:
        yield f"enum: {timers}"
    yield from equal("void", of(RETURNS, "value", "mnt_drop_write", comm="dropper").get("void", 0) >= 400, True)
    yield from equal("filtered out", of(COUNT, "comm", "msgrcv"), {})
    # The calling process, not the argument.
    yield from equal("by process", of(COUNT, "comm", "getpgid").get("counter"), 5000)
    yield from equal("by outcome", of(COUNT, "comm", "sethostname"), {"kinds": 70})


def sizes(r):
    s = r.scrape("kinds.after")
    size = "retprobe_return_size_bytes"
    reads = s.values(COUNT, "fstype", function="vfs_read")
    # The dynamic linker also reads from the root file system, but never single bytes.
    yield from equal("overlay", s.sum(f"{size}_bucket", function="vfs_read", fstype="overlay", le="1.0"), 130)
    reads.pop("overlay", None)
    yield from equal("by file system", reads, {"devtmpfs": 750, "proc": 120, "tmpfs": 140})
    yield from equal("sizes", s.sum(f"{size}_count", function="vfs_read", fstype="devtmpfs"), 750)
    yield from equal("bytes", s.sum(f"{size}_sum", function="vfs_read", fstype="devtmpfs"),
                     250 * (1 + 100 + 4096))
    for le, n in ("1.0", 250), ("64.0", 250), ("256.0", 500), ("1024.0", 500), ("4096.0", 750):
        yield from equal(f"sizes up to {le}",
                         s.sum(f"{size}_bucket", function="vfs_read", fstype="devtmpfs", le=le), n)
    observed = s.values("retprobe_observed_sum", "fstype", function="vfs_read", name="bytes")
    observed.pop("overlay", None)
    yield from equal("observed", observed,
                     {"devtmpfs": 250 * (1 + 100 + 4096), "proc": 120, "tmpfs": 140})
    seeks = s.values(RETURNS, "value", function="lseek")
    yield from equal("kinds of values", len(seeks), 51)
    yield from equal("other values", seeks.get("_other"), 1950)
    yield from equal("filter on the result", s.values(RETURNS, "value", function="ksys_read").get("0"), None)
    yield from equal("errors among values",
                     {s.values(RETURNS, "outcome", function="ksys_read", value=v).popitem()
                      for v in ("1", "100", "4096")}, {("ok", 250), ("error", 250)})
    yield from equal("values", {k: v for k, v in
                                s.values(RETURNS, "value", function="ksys_read").items()
                                if k in ("1", "100", "4096")},
                     {"100": 250, "4096": 250, "1": 250})


def expressions(r):
    s = r.scrape("kinds.after")
    yield from equal("five members", s.values(COUNT, "mounted", function="vfs_write").get("tmpfs"), 90)
    yield from equal("enumerators", s.values(COUNT, "map_type", function="bpf_map_copy_value"),
                     {"BPF_MAP_TYPE_HASH": 80})
    for port, n in ("7001", 60), ("7002", 61):
        yield from equal(f"port {port}", s.values(COUNT, "family", function="tcp_sendmsg", port=port),
                         {"2": n})


def cardinality(r):
    s, f = r.scrape("kinds.after"), SYS + "getpgid"
    calls = s.values(COUNT, "wanted", function=f)
    sets = len([k for k in calls if k != "_other"])
    yield from equal("label sets", sets, 100)
    yield from equal("label sets, told", s.sum("retprobe_label_sets", function=f), 100)
    yield from equal("limit", s.sum("retprobe_label_sets_limit", function=f), 100)
    many = sum(v for k, v in calls.items() if k == "_other" or int(k) >= 1000000)
    others = {k: v for k, v in calls.items() if k != "_other" and int(k) < 1000000}
    # The 300 calls of getpgid-dead have one value. Other programs make a few calls.
    yield from equal("calls", many + sum(others.values()), 5000 + 300)


def missed(r):
    s = r.scrape("kinds.after")
    missed = s.values("retprobe_missed_total", "function")
    # If interrupts call a function, kretprobes miss calls that arrive while a program runs, and count them.
    if s.sum("retprobe_probe_info", function="hrtimer_wakeup", mechanism="kretprobe"):
        missed.pop("hrtimer_wakeup", None)
    yield from equal("missed", missed, {})


# The function of each mechanism.
KERNEL = {
    "fsession.multi": SYS + "getsid",
    "fsession": SYS + "sched_getscheduler",
    "fexit": SYS + "sched_getaffinity",
    "kprobe.session": SYS + "tkill",
    "kprobe.multi": SYS + "sched_getattr",
    "kretprobe": SYS + "prlimit64",
}
USER = {
    "uprobe.ret": "workload_first",
    "uprobe.session": "workload_second",
    "uprobe.multi": "workload_third",
    "uretprobe": "workload_fourth",
}


# The functions of each mechanism without durations: one without labels, one with.
COUNTED = {
    "fexit": (SYS + "sched_get_priority_max", SYS + "sched_get_priority_min"),
    "kprobe.multi": (SYS + "getresuid", SYS + "getresgid"),
    "kretprobe": (SYS + "getcpu", SYS + "getrlimit"),
    "tracepoint": ("sched_get_priority_max", "sched_get_priority_min"),
    "uprobe.multi": ("workload_fifth",),
    "uretprobe": ("workload_sixth",),
}


OTHERS = 28  # probes that every kernel attaches


def attached(r):
    """Forced mechanisms that the kernel lacks are refused, and no others."""
    s = r.scrape("kinds.after")
    found = dict(r.of(KERNEL) + r.of(USER))
    counted = sum(len(v) for m, v in COUNTED.items() if m in found)
    yield from equal("mechanisms missing", forced(r.series) - set(found), set())
    yield from equal("attached", s.sum("retprobe_probe_attached"), OTHERS + len(found) + counted)


def mechanisms(r):
    s = r.scrape("mechanisms.after")
    yield from equal("missed by all", s.sum("retprobe_missed_total", function="_all"), 0)
    for mechanism, f in r.of(KERNEL):
        yield from equal(f"{mechanism}: calls", s.sum(COUNT, function=f), 40)
        yield from equal(f"{mechanism}: sets", len(s.values(COUNT, "wanted", function=f, comm="alpha")), 40)
        yield from equal(f"{mechanism}: results", s.values(RETURNS, "value", function=f), {"ESRCH": 40})
        yield from equal(f"{mechanism}: missed", s.values("retprobe_missed_total", "reason", function=f), {})


def user(r):
    """The programs can be preempted. A capture for which the kernel has no memory is missed: once in
    thousands of calls, on an overloaded machine. Such a call is counted as missed, without its labels."""
    s = r.scrape("mechanisms.after")
    for mechanism, f in r.of(USER):
        missed = s.sum("retprobe_missed_total", function=f)
        calls = s.values(COUNT, "comm", function=f)
        results = s.values(RETURNS, "value", function=f)
        yield from equal(f"{mechanism}: calls and missed", sum(calls.values()) + missed, 1100)
        yield from equal(f"{mechanism}: results and missed", sum(results.values()) + missed, 1100)
        if missed > 2 or calls["alpha"] > 600 or calls["beta"] > 500:
            yield f"{mechanism}: {calls}, {missed:.0f} missed"
        yield from equal(f"{mechanism}: results by command", results,
                         {"positive": calls["alpha"], "ENOENT": calls["beta"]})
        yield from equal(f"{mechanism}: outcomes", s.values(RETURNS, "outcome", function=f),
                         {"error": sum(calls.values())})
        yield from equal(f"{mechanism}: observed", s.values("retprobe_observed_sum", "comm", function=f),
                         {"alpha": 7 * calls["alpha"]})
        yield from equal(f"{mechanism}: negative", s.values("retprobe_unobserved_total", "comm", function=f),
                         {"beta": calls["beta"]})


def counts(r):
    """Without durations: each return, by its result, and no histogram."""
    s = r.scrape("mechanisms.after")
    attached = dict(r.of(KERNEL) + r.of(USER)).keys() | {"tracepoint"}
    for mechanism, functions in COUNTED.items():
        for f in functions if mechanism in attached else ():
            yield from equal(f"{mechanism}: {f} has durations", {n for n, labels in s.series if ("function", f) in labels
                                                    and n.startswith("retprobe_duration")}, set())
            missed = s.values("retprobe_missed_total", "reason", function=f)
            # A preemptible kernel skips trampoline programs, and counts how often.
            skipped = missed.pop("recursion", 0) if mechanism == "fexit" and r.series == "7" else 0
            yield from equal(f"{mechanism}: {f} missed", missed, {})
            if f.startswith("workload"):
                yield from equal(f, s.values(RETURNS, "comm", function=f), {"alpha": 600, "beta": 500})
                yield from equal(f, s.values(RETURNS, "value", function=f), {"positive": 600, "negative": 500})
                continue
            calls = s.values(RETURNS, "outcome", function=f)
            yield from equal(f"{mechanism}: {f}", sum(calls.values()) + skipped, 2000)
            if not skipped:
                yield from equal(f"{mechanism}: {f}", calls, {"ok": 1000, "error": 1000})
            if f == functions[-1]:
                yield from equal(f"{mechanism}: {f} by command", s.values(RETURNS, "comm", function=f),
                                 {"turner": 2000 - skipped})


def ttl(r):
    f, before = "sched_getattr", 0
    for i in range(1, 5):
        s = r.scrape(f"ttl.{i}")
        calls = s.values(COUNT, "wanted", function=f)
        yield from equal(f"round {i}: calls", sum(calls.values()), 100 * i)
        yield from equal(f"round {i}: sets", len([k for k in calls if k != "_other"]), 100)
        other = calls.get("_other", 0)
        yield from equal(f"round {i}: _other", other, 100 * (i - 1))
        yield from equal(f"round {i}: results", s.values(RETURNS, "value", function=f), {"ESRCH": 100 * i})
        for errno in "EINVAL", "EFAULT", "ESRCH":
            yield from equal(f"round {i}: {errno}",
                             s.values(RETURNS, "number", function=SYS + "sched_rr_get_interval", value=errno),
                             {**{f"{i}{n:06}": 1 for n in range(100)}, **({"_other": other} if other else {})})
        yield from equal(f"round {i}: values", s.values(RETURNS, "value", function="preadv"),
                         {str(n): 2 * i for n in range(10)})
        if other < before:
            yield f"_other went back from {before} to {other}"
        before = other
        folded = r.scrape(f"{i}.folded")
        yield from equal(f"round {i}: folded", folded.values(COUNT, "wanted", function=f), {"_other": 100 * i})
        yield from equal(f"round {i}: sets in use", folded.sum("retprobe_label_sets", function=f), 0)


def many(r):
    numbers, cgroups = {"function": SYS + "sched_getparam"}, {"function": "getsid"}
    for i in range(1, 4):
        s, folded = r.scrape(f"many.{i}"), r.scrape(f"{i + 1}.folded")
        wanted = s.values(COUNT, "wanted", function="sched_getaffinity")
        yield from equal(f"round {i}: calls", (sum(wanted.values()), len(wanted)), (5000 * i, 101))
        yield from equal(f"round {i}: values", s.values(RETURNS, "value", function=SYS + "lseek"),
                         {**{str(n): i for n in range(100)}, "_other": 4900 * i})
        found = s.values(COUNT, "number", **numbers)
        yield from equal(f"round {i}: others", found.pop("_other", 0), 3750 * i - 300)
        yield from equal(f"round {i}: numbers", found, {f"{i + 1}{n:06}": 3 for n in range(100)})
        found = s.values(COUNT, "cgroup", **cgroups)
        yield from equal(f"round {i}: cgroups", sum(found.values()), 250 * i)
        yield from equal(f"round {i}: folded numbers", folded.values(COUNT, "number", **numbers), {"_other": 3750 * i})
        yield from equal(f"round {i}: folded errors", folded.values(RETURNS, "value", **numbers),
                         dict.fromkeys(("EINVAL", "EFAULT", "ESRCH"), 1250 * i))
        yield from equal(f"round {i}: folded cgroups", folded.values(COUNT, "cgroup", **cgroups), {"_other": 250 * i})
    yield from equal("missed", r.scrape("4.folded").values("retprobe_missed_total", "function"), {})
    def sizes(metric):
        return [r.scrape(f"{i}.folded").sum(metric) for i in (2, 3, 4)]

    cells = sizes("retprobe_exporter_cell_bytes")
    if cells[2] > max(cells[:2]):
        yield f"cells grew: {cells}"
    # Memory of both processes. Mapped memory becomes resident as it is read. A heap takes up to two
    # megabytes in a round. A leak of 256 bytes per value takes three in each.
    resident = sizes("process_resident_memory_bytes")
    if min(after - before for before, after in itertools.pairwise(resident)) > 5 << 19:
        yield f"resident memory grew: {resident}"


POD = "1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901"


def same(r):
    s, f, services, again = r.scrape("same.services"), "sched_getscheduler", SYS + "msgrcv", SYS + "sethostname"
    yield from equal("label sets", s.values("retprobe_label_sets", "function"), {services: 3, again: 2})
    yield from equal("services, and a container that is gone", s.values(COUNT, "container_id", function=services),
                     {"": 60, "containerd://" + "3" * 64: 40})
    yield from equal("its pod", s.values(COUNT, "pod_uid", function=services), {"": 60, POD: 40})
    yield from equal("a service that is started again", s.values(COUNT, "cgroup", function=again),
                     {"/system.slice/again.service": 30})
    yield from equal("label sets of two containers", r.scrape("same.0").sum("retprobe_label_sets", function=f), 2)
    rounds = len(list(r.directory.glob("same.[0-9]*")))
    for i in range(rounds):
        s = r.scrape(f"same.{i}")
        yield from equal(f"round {i}: calls", s.values(COUNT, "pod_uid", function=f), {POD: 150 + 10 * i})
        yield from equal(f"round {i}: results", s.values(RETURNS, "pod_uid", function=f, value="-3"),
                         {POD: 150 + 10 * i})
    yield from equal("label sets at the end", s.sum("retprobe_label_sets", function=f), 1)


class Results:
    def __init__(self, name, directory):
        self.series = name.split()[1]
        self.directory = directory
        self.scrapes = {}

    def scrape(self, name):
        if name not in self.scrapes:
            self.scrapes[name] = Scrape(self.directory / name)
        return self.scrapes[name]

    def lines(self, name):
        return (self.directory / name).read_text().split()

    def of(self, functions):
        """The (mechanism, function) pairs that are attached."""
        s = self.scrape("kinds.after")
        return [(m, f) for m, f in functions.items() if s.sum("retprobe_probe_info", mechanism=m, function=f)]


def programs(r):
    """What the verifier goes through depends on what a probe captures, not on what it could."""
    words = r.lines("programs")
    loaded = dict(zip(words[1::4], words[3::4])) if "verified_insns:" in words else dict.fromkeys(words[1::2], "0")
    if not 30 <= len(loaded) <= 120:
        yield f"{len(loaded)} programs"
    most = max(map(int, loaded.values()))
    if (most == 0) != r.series.startswith("5.") or most > 50000:
        yield f"a program with {most} verified instructions"


CHECKS = (programs, kinds, sizes, expressions, cardinality, missed, attached, mechanisms, user, counts, ttl, many,
          same)


def main(name, directory):
    r = Results(name, pathlib.Path(directory))
    failed = 0
    print(f"1..{len(CHECKS)}")
    for check in CHECKS:
        try:
            faults = list(check(r))
        except (OSError, ValueError, KeyError) as e:
            faults = [f"{type(e).__name__}: {e}"]
        print(f"{'not ok' if faults else 'ok'} {name} {check.__name__}"
              + (": " + "; ".join(faults) if faults else ""))
        failed |= bool(faults)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
