#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""container_check.py NAME DIRECTORY: checks the results of container_guest.sh, and prints `ok` and `not ok`
lines.
"""
import re
import sys

POD_UID = "0a1b2c3d-0001-0002-0003-00000000c0de"
CONTAINER_ID = "containerd://" + "7".rjust(64, "0")
name, directory = sys.argv[1:]


def read(file):
    try:
        with open(f"{directory}/{file}") as f:
            return f.read()
    except OSError:
        return ""


def status(file, key):
    found = re.search(rf"^{key}:\s*(.*)$", read(file), re.M)
    return found.group(1).split() if found else []


def verdict(what, found, expected):
    if found == expected and found:
        print(f"ok container {name}: {what}")
    else:
        print(f"not ok container {name}: {what}: {found}, not {expected}")


def calls(pattern):
    """Calls of functions or in cgroups that match the pattern: counted and missed."""
    total = 0
    for line in read("metrics").splitlines():
        found = re.match(r"(retprobe_returns_total|retprobe_missed_total)\{(.*)\} (\d+)$", line)
        if found and re.search(pattern, found.group(2)):
            total += int(found.group(3))
    return total


def main():
    print(f"1..{15 if 'programs' in name else 12}")
    capabilities = read("capabilities").split()
    verdict("the attacher's capabilities", status("attacher", "CapEff"), capabilities)
    verdict("its bounding set", status("attacher", "CapBnd"), capabilities)
    verdict("it cannot gain any", status("attacher", "NoNewPrivs"), ["1"])
    verdict("system calls are filtered", status("attacher", "Seccomp"), ["2"])
    verdict("the server's capabilities", status("server", "CapEff"), ["0" * 16])
    verdict("the server's user", status("server", "Uid")[:1], ["65532"])
    root = [line.split() for line in read("mounts").splitlines() if line.split()[1] == "/"]
    verdict("the root file system is read-only", "ro" in root[-1][3].split(",") if root else None, True)
    verdict("no other program is in the image", [p for p in read("programs").split() if not p.startswith("/")],
            ["retprobe_exporter"])
    verdict("calls outside of the container", calls(r'function="(do|filename)_unlinkat"') >= 300, True)
    verdict("calls that failed", calls(r'function="(do|filename)_unlinkat".*value="ENOENT"') >= 300, True)
    verdict("calls in a pod, to the call",
            calls(f'function="__x64_sys_getpgid".*pod_uid="{POD_UID}".*container_id="{CONTAINER_ID}"|'
                  f'function="__x64_sys_getpgid".*container_id="{CONTAINER_ID}".*pod_uid="{POD_UID}"'), 700)
    if "programs" in name:
        verdict("calls of a program in another root file system", calls(r'function="workload_function"'), 600)
        verdict("calls of a library in another root file system", calls(r'object="libc.so.6".*function="unlink"'), 250)
        verdict("calls of a library of the node's", calls(r'object="/host/usr/lib/.*function="unlink"'), 300)
    verdict("it ends when it is told to", read("exit").strip(), "ended")


main()
