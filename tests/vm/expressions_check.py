#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks expressions over calls with known arguments: expressions_check.py NAME RESULTS_DIR. See
expressions_guest.sh.
"""
import sys

import conformance_labels_check
from conformance_check import SYS
from conformance_labels_check import COUNT
from scrape import equal

PROBES = 21


def has_ancestors(r):
    """5.10 has no helper for the ancestors of a cgroup."""
    return not r.lines("kernel")[0].startswith("5.")


# System calls that are never probed, and uretprobe, whose number exists on x86-64 only.
WITHOUT_NAME = {"exit", "exit_group", "rt_sigreturn", "uretprobe"}


def syscall_names(r):
    known = set(r.lines("syscalls.known"))
    described = [line.split() for line in (r.directory / "syscalls.described").read_text().splitlines()]
    plan = (r.directory / "syscalls.plan").read_text().splitlines()
    asked = [words[0] for words in described if words[0] in known and words[1:]]
    if len(asked) < 250:
        yield f"only {len(asked)} system calls are described"
    # The newest kernel can have system calls that are not in our table yet.
    if not r.lines("kernel")[0].startswith("7."):
        yield from equal("described, and not known", {words[0] for words in described} - known - WITHOUT_NAME, set())
    yield from equal("in the plan", sum(line.split()[:1] == ["syscall"] for line in plan), len(asked))


def observed(r):
    s, known = r.scrape("expressions"), sum(range(2000000, 2000100))
    for of, name in (("getsid", "id"), ("getsid", "bits"), (SYS + "getsid", "id")):
        numbers = {part: s.sum(f"retprobe_observed_{part}", function=of, name=name) for part in ("count", "sum")}
        yield from equal(f"{of}, {name}", numbers, {"count": 100, "sum": known})
        yield from equal(f"{of}, {name}, negative", s.values("retprobe_unobserved_total", "reason", function=of, name=name),
                         {"range": 30})
    f = "bpf_map_copy_value"
    yield from equal("entries", s.values("retprobe_observed_sum", "name", function=f), {"entries": 16 * 80})
    yield from equal("behind NULL", s.values("retprobe_unobserved_total", "name", function=f, reason="unreadable"),
                     {"inner": 80})
    yield from equal("out of range", s.sum("retprobe_unobserved_total", function=f, reason="range"), 0)


def attached(r):
    s = r.scrape("expressions")
    yield from equal("attached", s.sum("retprobe_probe_attached"), PROBES - (not has_ancestors(r)))
    yield from equal("missed", s.values("retprobe_missed_total", "function"), {})


def comparisons(r):
    s = r.scrape("expressions")
    for f, what, n in (
            ("getpgid", ">= <= &", 40),
            (SYS + "getpgid", "> < !=", 78),
            ("find_task_by_vpid", "negative", 20),
            ("clock_nanosleep", "duration >=", 3),
            (SYS + "clock_nanosleep", "duration <", 100),
            (SYS + "lseek", "cpu", 100),
            ("sethostname", "uid", 35),
            ("bpf_map_copy_value", "enumerator", 80)):
        yield from equal(f"{f}, {what}", s.sum(COUNT, function=f), n)


def parameters(r):
    s, path = r.scrape("expressions"), "/tmp/retprobe-no-such-file"
    for label in "path", "same":
        yield from equal(label, s.values(COUNT, label, function="unlinkat" if s.sum(COUNT, function="unlinkat") else "unlink"), {path: 60})
    unlink = "filename_unlinkat" if s.sum(COUNT, function="filename_unlinkat") else "do_unlinkat"
    yield from equal("another text", s.values(COUNT, "comm", function=unlink).get("alpha"), 50)
    yield from equal("another command", s.values(COUNT, "comm", function=unlink).get("beta"), None)


def tasks(r):
    s = r.scrape("expressions")
    yield from equal("CPU", s.values(COUNT, "cpu", function="lseek"), {r.lines("cpu")[0]: 90})
    yield from equal("threads", sorted(s.values(COUNT, "tid", function="lseek").values()), [15, 25, 25, 25])
    yield from equal("processes", list(s.values(COUNT, "pid", function=SYS + "lseek").values()), [100])
    yield from equal("cgroup", s.values(COUNT, "cgroup", function="listxattr"),
                     {"/expressions/inner": 70} if has_ancestors(r) else {})


def structs(r):
    s = r.scrape("expressions")
    for label, value in ("id", "devtmpfs"), ("second", str(ord("e"))), ("iter", "read_iter_zero"):
        yield from equal(label, s.values(COUNT, label, function="vfs_read"), {value: 250})
    for label, value in ("reuse", "1"), ("v6", "0"):
        yield from equal(label, s.values(COUNT, label, function="tcp_sendmsg"), {value: 60})
    # On a trampoline. No pipe belongs to a file.
    for label, value in ("links", "1"), ("device", "0"), ("behind", "?"):
        yield from equal(label, s.values(COUNT, label, function="security_inode_unlink", comm="alpha"), {value: 50})


def values(r):
    s = r.scrape("expressions")
    f = "tcp_sendmsg_locked"
    for label, value in ("port", "7005"), ("v4", "127.0.0.1"), ("v6", "127.0.0.1"), ("family", "AF_INET6"), ("interface", "0"):
        yield from equal(label, s.values(COUNT, label, function=f), {value: 40})
    yield from equal("of a struct that it is cast to", s.values(COUNT, "port", function="tcp_sendmsg"), {"7003": 60})
    yield from equal("flags", s.values(COUNT, "kind", function="bpf_map_copy_value"), {"BPF_MAP_TYPE_HASH": 80})
    unlink = "filename_unlinkat" if s.sum(COUNT, function="filename_unlinkat") else "do_unlinkat"
    names = s.values(COUNT, "base", function=unlink, comm="alpha")
    yield from equal("last part of a path", {name.split("-")[0]: n for name, n in names.items()}, {"retprobe": 50})
    paths = s.values(COUNT, "path", function="vfs_unlink")
    yield from equal("path of a dentry", {path.rpartition("/")[2].split("-")[0]: n for path, n in paths.items()}, {"retprobe": 50})
    for label, value in ("symbol", "read_iter_zero"), ("device", "1:5"), ("path", "/dev/zero"):
        yield from equal(label, s.values(COUNT, label, function="vfs_read"), {value: 250})
    for label, value in ("signal", "0"), ("user", "root"):
        yield from equal(label, s.values(COUNT, label, function="tkill"), {value: 65})
    f, chosen = SYS + "sched_getscheduler", [p for p in range(2000000, 2000100) if p & 3 == 1 or p in (2000008, 2000016)]
    blocks = {}
    for p in chosen:
        blocks[str(p >> 5)] = blocks.get(str(p >> 5), 0) + 1
    yield from equal("shifted", s.values(COUNT, "block", function=f), blocks)
    yield from equal("masked", s.values("retprobe_observed_sum", "name", function=f),
                     {"twice": sum(p << 1 & 0xfe for p in chosen)})


conformance_labels_check.CHECKS = (syscall_names, observed, attached, comparisons, parameters, tasks, structs, values)

if __name__ == "__main__":
    sys.exit(conformance_labels_check.main(*sys.argv[1:]))
