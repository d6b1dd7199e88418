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


conformance_labels_check.CHECKS = (syscall_names,)

if __name__ == "__main__":
    sys.exit(conformance_labels_check.main(*sys.argv[1:]))
