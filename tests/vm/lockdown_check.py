#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the results of lockdown_guest.sh: lockdown_check.py 'lockdown SERIES ...' RESULTS_DIR."""
import pathlib
import sys

from conformance_check import parse

name, directory = sys.argv[1], pathlib.Path(sys.argv[2])
CASES = {"default": 2, "labels": 3, "syscall": 2}  # and their numbers of verdicts


def text(file):
    return (directory / file).read_text()


def attached(file):
    """Why each function is not attached; "": it is."""
    return {dict(k[1])["function"]: dict(k[1])["reason"] for k in parse(directory / file)
            if k[0] == "retprobe_probe_attached"}


def objects(file):
    return {dict(k[1])["object"] for k in parse(directory / file) if k[0] == "retprobe_probe_attached"}


def default():
    # Trampolines of arm64 refuse two in Debian's 6.12: nine arguments (ENOTSUPP), and EACCES for the other.
    never = {"do_mmap", "inet_csk_accept"} if "arm64" in name else set()
    # Spans read memory of the kernel.
    spans = {"block_io", "tcp_connect"}
    refused = {function for function, why in attached("default").items() if why} - spans
    told = {function for function in never if f"the kernel refuses fexit for {function}:" in text("exporter.log")}
    yield "kernel functions by default", objects("default") == {"span", "vmlinux"}, objects("default")
    yield "all of them attached", refused == never == told, (refused, told)


def labels():
    states = attached("labels")
    yield ("labels cost their own probe only",
           states == {"vfs_unlink": "", "vfs_rename": "refused"}, states)
    calls = sum(v for k, v in parse(directory / "labels").items()
                if k[0] == "retprobe_duration_seconds_count" and dict(k[1])["function"] == "vfs_unlink")
    yield "and the others count", calls >= 1, calls
    yield ("the log names lockdown", 'vfs_rename is not attached (refused): kernel lockdown is' in
           text("exporter.log"), text("exporter.log"))


def syscall():
    yield "system calls: exit code 1", text("syscall.exit").strip() == "1", text("syscall.exit")
    log = text("syscall.log")
    yield ("system calls: lockdown is named", "kernel lockdown" in log and "CONFIG_" not in log
           and "root" not in log, log)


failed = False
print(f"1..{sum(CASES.values())}")
seen = text("cases").split() if (directory / "cases").exists() else []
for case in CASES:
    if case not in seen:
        print(f"not ok {name} {case}: did not run to its end")
        failed = True
        continue
    for what, good, got in globals()[case]():
        print(f"ok {name} {what}" if good else f"not ok {name} {what}: {str(got)[-1500:]}")
        failed |= not good
sys.exit(failed)
