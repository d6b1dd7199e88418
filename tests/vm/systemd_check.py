#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the results of systemd_guest.sh: systemd_check.py SERIES RESULTS_DIR."""
import pathlib
import re
import sys

from lifecycle_check import GETPGID, Results
from conformance_check import UNLINK

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = (ROOT / "deploy/systemd/retprobe-exporter.service").read_text()
OWN_FILE = "/etc/retprobe_exporter.yaml"
# As in linux/capability.h.
CAPABILITIES = {
    "CAP_DAC_READ_SEARCH": 2, "CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21, "CAP_SYS_RESOURCE": 24, "CAP_SYSLOG": 34, "CAP_PERFMON": 38, "CAP_BPF": 39,
}
# The workload's calls per round: object, functions, mechanism on 6.12, calls.
CALLS = (
    ("vmlinux", GETPGID, "fexit", 600),
    ("vmlinux", UNLINK, "kretprobe", 300),
    ("vmlinux", ("__x64_sys_msgrcv",), "kprobe.session", 200),
    ("vmlinux", ("vfs_read",), "kprobe.multi", 150),
    ("syscall", ("getpgid",), "tracepoint", 600),
    (None, ("workload_function",), "uprobe.multi", 100),
    (None, ("workload_recursion",), "uretprobe", 100),  # 5 calls, of 20 levels each
)


class Unit(Results):
    def properties(self, name):
        return dict(line.split("=", 1) for line in self.lines(name))

    def status(self, name, key):
        return re.search(rf"^{key}:\s*(\S+)", self.text(name), re.M).group(1)

    def series(self, name, metric):
        """Labels and values of a metric."""
        return [(dict(k[1]), v) for k, v in self.metrics(name).items() if k[0] == metric]


def differ(what, got, want):
    if got != want:
        yield f"{what}: {got}, not {want}"


def has(r, name, **wanted):
    """Properties of the unit at one moment."""
    found = r.properties(name)
    for key, want in wanted.items():
        yield from differ(f"{name}: {key}", found.get(key), want)


def counted(r, name, rounds):
    """Every call of these rounds, with each function's own mechanism."""
    for wanted_object, functions, _, calls in CALLS:
        n = 0
        for metric in ("retprobe_duration_seconds_count", "retprobe_missed_total"):
            n += sum(v for labels, v in r.series(name, metric) if labels["function"] in functions
                     and (wanted_object or labels["object"]) == labels["object"])
        yield from differ(f"{name}: calls of {functions[0]}", n, calls * rounds)


def installed(r):
    """It is enabled, started and serves. The socket is not."""
    yield from has(r, "installed", ActiveState="active", UnitFileState="enabled", NRestarts="0")
    yield from differ("the socket", r.text("installed.socket").strip(), "disabled")


def default_set(r):
    """Each function of the default set is attached, in the sandbox."""
    states = r.series("default.metrics", "retprobe_probe_attached")
    if len(states) < 20:
        yield f"only {len(states)} functions"
    for labels, attached in states:
        if not attached:
            yield f"{labels['function']} is not attached: {labels['reason']}"


def attacher_is_confined(r):
    names = [n for line in re.findall(r"^CapabilityBoundingSet=(.*)", UNIT, re.M) for n in line.split()]
    mask = f"{sum(1 << CAPABILITIES[n] for n in names):016x}"
    for key, want in (("CapEff", mask), ("CapBnd", mask), ("NoNewPrivs", "1"), ("Seccomp", "2")):
        yield from differ(key, r.status("attacher.status", key), want)


def server_is_confined(r):
    nothing = "0" * 16
    for key, want in (("CapEff", nothing), ("CapPrm", nothing), ("CapInh", nothing), ("CapAmb", nothing),
                      ("NoNewPrivs", "1"), ("Seccomp", "2"), ("Uid", r.text("user").strip())):
        yield from differ(key, r.status("server.status", key), want)


def file_systems_are_confined(r):
    """Read-only except one file, with few devices. The last mount at a place counts."""
    options = {line.split()[4]: line.split()[5].split(",") for line in r.lines("attacher.mounts")}
    for place in ("/", "/sys", "/proc/sys", "/sys/kernel/tracing", "/sys/fs/cgroup"):
        if "ro" not in options.get(place, []):
            yield f"{place} can be written to"
    if "rw" not in options.get("/sys/kernel/tracing/kprobe_events", []):
        yield "kprobe_events cannot be written to"
    if "/dev" not in options:
        yield "/dev is everybody's"


def exposure(r):
    """`systemd-analyze security` gives the documented result."""
    stated = re.search(r"`systemd-analyze security` rates it ([0-9.]+) \(systemd (\d+)\)",
                       (ROOT / "deploy/README.md").read_text())
    found = re.search(r"exposure level for \S+: ([0-9.]+)", r.text("security")).group(1)
    version = r.text("version").split()[1]
    if not stated:
        yield f"deploy/README.md states none; it is {found} with systemd {version}"
    elif version == stated.group(2):
        yield from differ("exposure", found, stated.group(1))
    elif float(found) >= 5:  # another version rates differently: is it still "OK"?
        yield f"exposure: {found}"


def stop(r):
    """It stops in time by itself. Nothing stays attached."""
    yield from has(r, "stopped", ActiveState="inactive", Result="success", ExecMainCode="1", ExecMainStatus="0")
    if len(r.lines("traces.running")) < 4:
        yield f"there was nothing to see while it ran: {r.lines('traces.running')}"
    yield from differ("afterwards", r.lines("traces.stopped"), r.lines("traces.before"))


def every_mechanism(r):
    """Started at boot: every mechanism attaches, and counts each call."""
    yield from has(r, "booted", ActiveState="active", NRestarts="0")
    yield from counted(r, "configured.metrics", 1)
    found = {labels["function"]: labels["mechanism"]
             for labels, _ in r.series("configured.metrics", "retprobe_probe_info")}
    # Mechanisms that not every kernel has have a dot in their names.
    there = r.lines("mechanisms") if (r.directory / "mechanisms").exists() else []
    if r.kernel == "6.12":
        yield from differ("mechanisms", there, ["kprobe.session", "kprobe.multi", "uprobe.multi"])
    for _, functions, mechanism, _ in CALLS:
        got = next((found[f] for f in functions if f in found), None)
        if got != mechanism and ("." not in mechanism or mechanism in there):
            yield f"{functions[0]} by {got}, not by {mechanism}"


def library_of_another_user(r):
    """A library is found in a process of another user."""
    found = {labels["state"]: n for labels, n in r.series("configured.metrics", "retprobe_probe_files")
             if labels["object"] == "libc.so.6"}
    yield from differ("files of libc.so.6", found.get("attached"), 1)


def cgroups_have_paths(r):
    found = {labels.get("cgroup") for labels, v in
             r.series("configured.metrics", "retprobe_duration_seconds_count")
             if labels["function"] in GETPGID and v}
    yield from differ("cgroup", found, {"/system.slice/guest-command.service"})


def reload(r):
    """Added probes count, and the others keep their counts, in the same process."""
    yield from counted(r, "reloaded.metrics", 2)
    yield from differ("process", r.text("reload.process").strip(), "same")


def reload_is_refused(r):
    """An invalid configuration: the reload fails with a message, and nothing changes."""
    yield from differ("systemctl reload", r.text("reload.code").strip(), "1")
    yield from counted(r, "refused.metrics", 3)
    yield from has(r, "refused", ActiveState="active", NRestarts="0")
    if not re.search(rf'stays as it was: {OWN_FILE}:\d+:\d+: unknown key \\?"labls\\?"', r.text("journal")):
        yield "the journal does not say why"


def bad_start(r):
    """A start with it fails once, and the journal has the reason."""
    if r.text("bad.code").strip() == "0":
        yield "systemctl restart succeeds"
    yield from has(r, "bad", ActiveState="failed", SubState="failed", Result="exit-code",
                   ExecMainStatus="2", NRestarts="0")
    lines = re.findall(rf'error: {OWN_FILE}:\d+:\d+: unknown key "labls"', r.text("journal"))
    # At the reload, by the unit's own check, and here.
    yield from differ("lines in the journal", len(lines), 2)


def socket(r):
    """A connection starts it, and waits for it."""
    yield from differ("before", r.text("socket.before").strip(), "inactive")
    yield from has(r, "socket", ActiveState="active", NRestarts="0")
    if not r.series("socket.metrics", "retprobe_probe_info"):
        yield "the answer has no probe"


def killed(r):
    """The exporter restarts a killed server, and systemd a killed exporter."""
    yield from differ("process", r.text("killed.process").strip(), "same")
    yield from has(r, "killed.server", ActiveState="active", NRestarts="0")
    yield from has(r, "killed.main", ActiveState="active", NRestarts="1")


def watchdog(r):
    """It notifies the watchdog while it runs, and is restarted when it hangs."""
    if not re.search(r"retprobe-exporter\.service: Watchdog timeout", r.text("journal")):
        yield "no watchdog in the journal"
    yield from has(r, "watchdog", ActiveState="active", NRestarts="2")
    yield from differ("calls after that", r.calls("killed.metrics", GETPGID), 600)


def upgrade(r):
    """The edited configuration file stays, the socket stays open, and the new version runs."""
    if not r.text("upgraded.version").strip().endswith("next"):
        yield f"version {r.text('upgraded.version')}"
    yield from has(r, "upgraded", ActiveState="active", UnitFileState="enabled")
    yield from differ("the configuration file", r.text("defaults.after"), r.text("defaults.before"))
    answers = [line for line in r.lines("upgraded.answers")]
    if "answered" not in answers or set(answers) != {"answered"}:
        yield f"{answers.count('answered')} answers, and {sorted(set(answers) - {'answered'})}"
    yield from differ("calls after that", r.calls("upgraded.metrics", GETPGID), 600)


def removed(r):
    """Nothing runs, listens or is attached, not even by processes that were killed. The configuration file stays."""
    yield from differ("units", r.lines("removed"),
                      ["LoadState=not-found", "ActiveState=inactive", "", "LoadState=not-found",
                       "ActiveState=inactive"])
    yield from differ("attached", r.lines("traces.removed"), r.lines("traces.before"))
    yield from differ("the configuration file", r.text("defaults.removed"), r.text("defaults.before"))


def purged(r):
    """Only the administrator's files are left, and the user, which packages do not remove."""
    if len(r.lines("files")) < 50:
        yield "there were no files"
    yield from differ("files", r.lines("purged.files"), [])
    yield from differ("names", r.lines("purged.found"), [OWN_FILE])
    if not r.text("purged.user").startswith("retprobe_exporter:"):
        yield "the user is gone"


def nobody_complains(r):
    """systemd accepts every line of the units, and the kernel logs no error."""
    yield from [line for line in r.lines("journal")
                if re.search(r" systemd\[1\]: .*(ignoring|Unknown|deprecated|obsolete)", line)]
    yield from r.lines("kernel")


CHECKS = (installed, default_set, attacher_is_confined, server_is_confined, file_systems_are_confined, exposure,
          stop, every_mechanism, library_of_another_user, cgroups_have_paths, reload, reload_is_refused, bad_start,
          socket, killed, watchdog, upgrade, removed, purged, nobody_complains)


def main(series, directory):
    r = Unit(pathlib.Path(directory))
    r.kernel = series
    print(f"1..{len(CHECKS)}")
    for check in CHECKS:
        try:
            problems = list(check(r))
        except (OSError, AttributeError, KeyError, ValueError) as e:
            problems = [f"{type(e).__name__}: {e}"]
        name = f"systemd {series}: {check.__name__.replace('_', ' ')}"
        print(f"not ok {name}: {'; '.join(problems)}" if problems else f"ok {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
