#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What expressions said of calls whose arguments are known: expressions_check.py NAME RESULTS_DIR, see
expressions_guest.sh."""
import sys

import conformance_labels_check
from conformance_labels_check import equal

# Never probed; and the one that its kernel has beyond the numbers that all architectures share.
WITHOUT_NAME = {"exit", "exit_group", "rt_sigreturn", "uretprobe"}


def syscall_names(r):
    known = set(r.lines("syscalls.known"))
    described = [line.split() for line in (r.directory / "syscalls.described").read_text().splitlines()]
    plan = (r.directory / "syscalls.plan").read_text().splitlines()
    asked = [words[0] for words in described if words[0] in known and words[1:]]
    if len(asked) < 250:
        yield f"only {len(asked)} system calls are described"
    # The newest kernel may have some that are newer than we are.
    if not r.lines("kernel")[0].startswith("7."):
        yield from equal("described, and not known", {words[0] for words in described} - known - WITHOUT_NAME, set())
    yield from equal("in the plan", sum(line.split()[:1] == ["syscall"] for line in plan), len(asked))


def observed(r):
    s, known = r.scrape("observed"), sum(range(2000000, 2000100))
    for of, name in (("getpgid", "id"), ("getpgid", "bits"), ("__x64_sys_getpgid", "id")):
        numbers = {part: s.sum(f"retprobe_observed_{part}", function=of, name=name) for part in ("count", "sum")}
        yield from equal(f"{of}, {name}", numbers, {"count": 100, "sum": known})
        yield from equal(f"{of}, {name}, negative", s.values("retprobe_unobserved_total", "reason", function=of, name=name),
                         {"range": 30})
    f = "bpf_map_copy_value"
    yield from equal("entries", s.values("retprobe_observed_sum", "name", function=f), {"entries": 16 * 80})
    yield from equal("behind NULL", s.values("retprobe_unobserved_total", "name", function=f, reason="unreadable"),
                     {"inner": 80})
    yield from equal("out of range", s.sum("retprobe_unobserved_total", function=f, reason="range"), 0)


conformance_labels_check.CHECKS = (syscall_names, observed)

if __name__ == "__main__":
    sys.exit(conformance_labels_check.main(*sys.argv[1:]))
