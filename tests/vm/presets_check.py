#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks that every function of every preset was attached, or registered: presets_check.py SERIES DIRECTORY.
DIRECTORY has the files of presets_guest.sh. Prints a verdict per preset, and two for missing modules.
"""

import pathlib
import re
import sys

PRESETS = pathlib.Path(__file__).resolve().parents[2] / "deploy/presets"

# The one function that a kernel of the matrix lacks: packets have no drop reason before Linux 5.17.
EXPECTED = {("5.10", "drops", "sk_skb_reason_drop|kfree_skb_reason"): "not_found"}

# Modules that some kernels lack, with the presets that need them.
NEEDS = {
    "btrfs": "btrfs", "cifs": "cifs", "conntrack": "nf_conntrack", "dm": "dm_crypt", "ext4": "ext4",
    "fuse": "fuse", "kvm": "kvm", "md": "raid1", "nfs": "nfs", "nfsd": "nfsd", "nvme": "nvme",
    "overlay": "overlay", "scsi": "scsi_mod", "xfs": "xfs",
}

ATTACHED = re.compile(r'^retprobe_probe_attached\{object="([^"]*)",function="([^"]*)",reason="([^"]*)"\} '
                      r"([01])$", re.M)


def entries(path):
    """The functions of a preset, as written (`a|b` is one), and whether they are system calls."""
    kind, spans = None, False
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        key, _, value = line.removeprefix("- ").partition(":")
        if key == "module":
            continue
        spans = spans or key == "spans"
        if key == "name":
            yield "spans", value.strip()
        elif spans:
            continue
        elif key in ("functions", "syscalls"):
            kind = key
            if value:
                yield kind, value.strip().strip('"')
        elif line.startswith("- "):
            yield kind, line[2:]


def matches(entry, function):
    """A clone's name begins with the original name."""
    if entry == "*":
        return True
    return any(function == name or function.startswith(name + ".") for name in entry.split("|"))


def wrong(series, preset, entry, found):
    """Returns the error of an entry, or None. found: (function, reason, attached)."""
    expected = EXPECTED.get((series, preset, entry))
    if expected:
        if (entry, expected, "0") not in found:
            return f"{entry} is not {expected}, as it is known to be"
        return None
    of_it = [f for f in found if matches(entry, f[0]) or f[0] == entry]
    if any(f[2] == "1" for f in of_it):
        return None
    return f"{entry} is not attached ({of_it[0][1] if of_it else 'not even mentioned'})"


def attached(preset, directory):
    """(object, function, reason, attached) of all functions. Registered ones count as attached."""
    if preset == "fstype":
        return ATTACHED.findall((directory / "fstype.metrics").read_text())
    registered = directory / "registered"
    if not registered.exists():
        return ATTACHED.findall((directory / "together.metrics").read_text())
    return ATTACHED.findall((directory / "waiting.metrics").read_text()) + \
        [(*line.split(), "", "1") for line in registered.read_text().splitlines()]


def verdict(series, preset, directory, missing_modules):
    try:
        found = attached(preset, directory)
    except FileNotFoundError:
        return f"not ok presets {series} {preset}: the exporter did not get that far"
    kernel = [f[1:] for f in found if f[0] != "syscall"]
    calls = [f[1:] for f in found if f[0] == "syscall"]
    asked = list(entries(PRESETS / (preset + ".yaml")))
    problems = [w for kind, entry in asked
                if (w := wrong(series, preset, entry, calls if kind == "syscalls" else kernel))]
    if not asked:
        problems = ["it asks for nothing"]
    if len(problems) == len(asked) and NEEDS.get(preset) in missing_modules:
        return f"SKIP presets {series} {preset}: this kernel's package has no module {NEEDS[preset]}"
    if problems:
        return f"not ok presets {series} {preset}: {'; '.join(problems)}"
    return f"ok presets {series} {preset}: {len(asked)} entries"


def before_modules(series, directory):
    """Without its module a function waits. Built-in functions are attached."""
    page = directory / "waiting.metrics"
    if not page.exists():
        return f"not ok presets {series} before modules: the exporter did not get that far"
    found = ATTACHED.findall(page.read_text())
    expected = {(function, reason) for (of, _, function), reason in EXPECTED.items() if of == series}
    other = [f"{o}:{f} {reason}" for o, f, reason, value in found
             if value == "0" and reason != "waiting" and (f, reason) not in expected]
    waiting = sum(1 for f in found if f[2] == "waiting" and f[0] != "vmlinux")
    if other or waiting < 100:
        return f"not ok presets {series} before modules: {waiting} wait; {'; '.join(other)}"
    return f"ok presets {series} before modules: {waiting} of {len(found)} wait"


def as_module_comes(series, directory, missing_modules):
    name = f"presets {series} as a module comes"
    if "nf_conntrack" in missing_modules:
        return f"SKIP {name}: this kernel's package has no module nf_conntrack"
    page = directory / "arrived.metrics"
    found = [f[1:] for f in ATTACHED.findall(page.read_text())] if page.exists() else []
    problems = [w for kind, entry in entries(PRESETS / "conntrack.yaml")
                if (w := wrong(series, "conntrack", entry, found))]
    return f"not ok {name}: {'; '.join(problems)}" if problems else f"ok {name}"


def main(series, directory):
    directory = pathlib.Path(directory)
    modules = directory / "modules"
    missing = {line.split()[0] for line in modules.read_text().splitlines()} if modules.exists() else set()
    presets = sorted(PRESETS.glob("*.yaml"))
    print(f"1..{len(presets) + 2}")
    print(before_modules(series, directory))
    print(as_module_comes(series, directory, missing))
    for path in presets:
        print(verdict(series, path.stem, directory, missing))


if __name__ == "__main__":
    main(*sys.argv[1:])
