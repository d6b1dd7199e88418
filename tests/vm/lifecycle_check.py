#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the results of lifecycle_guest.sh: lifecycle_check.py NAME RESULTS_DIR."""
import datetime
import json
import pathlib
import re
import sys

from conformance_check import SYS, UNLINK, parse

GETPGID = (SYS + "getpgid",)
RMDIR = SYS + "rmdir" if SYS == "__x64_sys_" else "vfs_rmdir"  # as in lifecycle_guest.sh


class Results:
    def __init__(self, directory):
        self.directory = directory

    def text(self, name):
        return (self.directory / name).read_text()

    def lines(self, name):
        return self.text(name).splitlines()

    def metrics(self, name):
        return parse(self.directory / name)

    def sum(self, name, metric, functions, **labels):
        """The sum of a metric over the series of some functions. None: no series."""
        found = [v for k, v in self.metrics(name).items() if k[0] == metric
                 and dict(k[1]).get("function") in functions
                 and all(dict(k[1]).get(n) == v for n, v in labels.items())]
        return sum(found) if found else None

    def calls(self, name, functions, **labels):
        return self.sum(name, "retprobe_duration_seconds_count", functions, **labels)

    def more_calls(self, before, after, functions):
        return (self.calls(after, functions) or 0) - (self.calls(before, functions) or 0)

    def value(self, name, metric):
        return self.metrics(name)[(metric, ())]

    def state(self, name, function):
        for k, v in self.metrics(name).items():
            if k[0] == "retprobe_probe_attached" and dict(k[1])["function"] == function:
                return v, dict(k[1])["reason"]
        return None


def reloads(r):
    """Two probes stay through all reloads, and count every call."""
    load = json.loads(r.text("load.json"))
    want = 5 * (load["ok"] + load["failed"])
    if want < 1000:
        yield f"only {want} calls of each function"
    for functions, labels in (GETPGID, {}), (UNLINK, {"comm": "workload"}):
        got = r.calls("reload.after", functions, **labels)
        missed = r.sum("reload.after", "retprobe_missed_total", functions)
        # Other processes unlink files, but with other names. Shells call getpgid(2).
        if got is None or not want <= got + missed <= want + (0 if labels else 1000):
            yield f"{functions}: {got} counted, {missed} missed of {want}"
        if missed:
            yield f"{functions}: {missed} missed"
    codes = r.lines("reload.codes")
    if set(codes) != {"200"}:
        yield f"answers to reloads that are valid: {sorted(set(codes))}"


def invalid(r):
    if r.value("reload.invalid", "retprobe_exporter_config_last_reload_successful") != 0:
        yield "an invalid file was a successful reload"
    if r.calls("reload.invalid", GETPGID) is None:
        yield "an invalid file has detached a probe"
    if 'unknown key \\"labls\\"' not in r.text("exporter.log"):
        yield "the log does not say why"
    if r.value("reload.after", "retprobe_exporter_config_last_reload_successful") != 1:
        yield "the last reload was not successful"


def other_settings(r):
    if r.calls("reload.other", UNLINK) not in (0, 1, 2):
        yield f"with another label, {r.calls('reload.other', UNLINK)} calls from the start"
    if r.calls("reload.other", GETPGID) < r.calls("reload.after", GETPGID):
        yield "a probe that is as it was has lost calls"


def flat(r):
    before, after = ([int(n) for n in r.lines(f"footprint.{n}")] for n in ("before", "after"))
    if len(before) != 4 or len(after) != 4:
        yield f"{before}, {after}"
        return
    for i, what in enumerate(("attacher's descriptors", "attacher's kB", "server's descriptors",
                              "server's kB")):
        # Each of five reloads reads all symbols, which take megabytes. Four load new programs and maps. A leak
        # of any of these would exceed the heap's reserve, which counts twice here.
        if after[i] > before[i] + (0 if i % 2 == 0 else 2048):
            yield f"{what}: {before[i]}, then {after[i]}"


def planned(r):
    """The plan is for the CPUs that were online, and the maps take as much memory as planned."""
    plan = re.search(r"memory: ([0-9.]+) MiB.* targets x (\d+) CPUs", r.text("plan"))
    cpus, possible = (int(n) + 1 for n in r.lines("last-cpus"))
    used = int(r.text("memlock")) / (1 << 20)
    told = r.value("reload.before", "retprobe_exporter_cell_bytes") / (1 << 20)
    if int(plan[2]) != cpus:
        yield f"planned for {plan[2]} CPUs, and {cpus} were online"
    told_late = f"shared by {possible - cpus} CPUs that are offline now" in r.text("plan")
    if told_late != (possible > cpus):
        yield f"{possible} possible CPUs: {plan[0]}"
    if abs(told - float(plan[1])) > 0.01:
        yield f"{plan[1]} MiB planned, {told:.2f} told in the metrics"
    if not 0.3 * float(plan[1]) <= used <= 1.1 * float(plan[1]) + 1:
        yield f"{plan[1]} MiB planned, {used:.2f} MiB of maps"


def late_cpu(r):
    """Calls on a CPU that came online after the start are counted from the first one on."""
    if r.calls("late", UNLINK, comm="late") != 100:
        yield f"{r.calls('late', UNLINK, comm='late')} of 100 with a label"
    if r.sum("late", "retprobe_returns_total", UNLINK, comm="late", value="ENOENT") != 100:
        yield "not all failed with ENOENT"
    # Shells call getpgid(2), too.
    if not 500 <= (r.calls("late", GETPGID) or 0) <= 600:
        yield f"{r.calls('late', GETPGID)} of 500 without a label"


def module(r):
    if r.state("module.waiting", "dummy_xmit") != (0.0, "waiting"):
        yield f"before it is loaded: {r.state('module.waiting', 'dummy_xmit')}"
    sent = r.calls("module.counted", ("dummy_xmit",)) - r.calls("module.attached", ("dummy_xmit",))
    if sent != 50:
        yield f"{sent} of 50 packets"
    if not (r.directory / "module.unload").exists():
        yield "the module could not be unloaded"
    if r.state("module.gone", "dummy_xmit") != (0.0, "waiting"):
        yield f"after it: {r.state('module.gone', 'dummy_xmit')}"
    if r.sum("module.gone", "retprobe_probe_detached_total", ("dummy_xmit",), reason="waiting") != 1:
        yield "it is not counted as detached"
    if r.calls("module.back", ("dummy_xmit",)) != 30:
        yield f"loaded again: {r.calls('module.back', ('dummy_xmit',))} of 30 packets"


def program(r):
    if r.state("program.missing", "workload_function") != (0.0, "not_found"):
        yield f"before there is one: {r.state('program.missing', 'workload_function')}"
    # The second file continues the first one's counts.
    for name, calls in (("first", 100), ("second", 100 + 60)):
        got = r.calls(f"program.{name}", ("workload_function",))
        if got != calls:
            yield f"the {name} file: {got} of {calls} calls"


def server(r):
    status = dict(line.split(":", 1) for line in r.lines("server.status"))
    for cap in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[cap], 16):
            yield f"{cap}: {status[cap].strip()}"
    if status["NoNewPrivs"].strip() != "1" or status["Seccomp"].strip() != "2":
        yield f"{status}"
    if "0" in status["Uid"].split() or "0" in status["Gid"].split():
        yield f"uid {status['Uid']}, gid {status['Gid']}"
    for fd in r.lines("server.fds"):
        if not fd.startswith(("socket:", "pipe:", "anon_inode:[eventpoll]", "anon_inode:[eventfd]",
                              "anon_inode:[signalfd]",
                              "/dev/", str(r.directory), "/run/results", "/proc/")):
            yield f"it holds {fd}"


def gaps(r):
    """Seconds from each death of a server to the next one's first message."""
    died, found = None, []
    for line in r.lines("exporter.log"):
        time = re.match(r"ts=(\S+) ", line)
        if time and "the server has died" in line:
            died = datetime.datetime.fromisoformat(time[1].rstrip("Z"))
        elif time and "listening on" in line and died:
            found.append((datetime.datetime.fromisoformat(time[1].rstrip("Z")) - died).total_seconds())
            died = None
    return found


def killed(r):
    lines = r.lines("scrapes")
    bad = [line for line in lines if " 200 " not in line]
    answered = [float(line.split()[0]) for line in lines if " 200 " in line]
    silence = max(b - a for a, b in zip(answered, answered[1:]))
    # The listening sockets stay open, so clients wait. The machine may be slow.
    if silence > 20:
        yield f"no answer for {silence:.1f} s"
    seconds = gaps(r)
    if len(seconds) != 6:
        yield f"{len(seconds)} servers after 6 that were killed"
    elif seconds[0] > 5:  # a tenth of a second on a machine with CPUs of its own
        yield f"{seconds[0]:.3f} s until there was another server"
    # The second to fifth of the servers that are killed in a row.
    for i, backoff in enumerate((0.1, 0.2, 0.4, 0.8), 2):
        if not backoff <= seconds[i]:
            yield f"the {i}. server that was killed had a successor after {seconds[i]:.3f} s"
    for name, servers in ("after", "one more server"), ("again", "five more servers"):
        got = r.more_calls("killed.before", f"killed.{name}", GETPGID)
        if got < 8000:
            yield f"after {servers} {got} of 8000 calls"
    if len(lines) < 20:
        yield f"only {len(lines)} scrapes"
    if len(bad) > 3:
        yield f"{len(bad)} of {len(lines)} scrapes failed: {sorted(set(bad))}"
    if (r.directory / "orphan").exists():
        yield "the server outlives the attacher"


def enclosed(r):
    """An exporter in a PID namespace counts the calls of its own probes only."""
    for name, function, calls in (("one", "vfs_mkdir", 7), ("one", "vfs_link", 0), ("other", RMDIR, 5),
                                  ("other", "vfs_mkdir", 7), ("next", RMDIR, 2), ("still", RMDIR, 7),
                                  ("still", "vfs_mkdir", 7)):
        got = r.calls(f"enclosed.{name}", (function,))
        if got != calls:
            yield f"{name}: {got} of {calls} calls of {function}"
        missed = r.sum(f"enclosed.{name}", "retprobe_missed_total", (function,))
        if missed:
            yield f"{name}: {missed} calls of {function} missed"
    if r.text("leftovers").strip():
        yield f"left in tracefs: {r.text('leftovers')}"
    for line in r.lines("exporter.log"):
        if "cannot be removed from tracefs" in line or "stays locked" in line:
            yield line


def switches(r):
    """Calls while kprobes are switched off are not counted, and the state says so."""
    for name in ("kprobes", "ftrace", "kprobes.start", "ftrace.start"):
        if name.startswith("ftrace") and not (r.directory / f"switch.{name}.off").exists():
            continue
        before, off, on = (r.calls(f"switch.{name}.{when}", GETPGID) for when in ("before", "off", "on"))
        # Shells call getpgid(2), too.
        if not before <= off < before + 100:
            yield f"{name}: {before} calls, and {off} when it is off"
        if not off + 700 <= on < off + 800:
            yield f"{name}: {off} calls, and {on} after 700 more"
        if r.state(f"switch.{name}.off", GETPGID[0]) != (0.0, "disabled"):
            yield f"{name}: {r.state(f'switch.{name}.off', GETPGID[0])} when it is off"
        if r.sum(f"switch.{name}.on", "retprobe_missed_total", GETPGID):
            yield f"{name}: {r.sum(f'switch.{name}.on', 'retprobe_missed_total', GETPGID)} calls missed"


def rate_guard(r):
    function = GETPGID[0]
    for hot in (function, SYS + "msgrcv", "workload_function"):
        if r.state("rate_guard.open", hot) != (0.0, "overload"):
            yield f"{hot}: {r.state('rate_guard.open', hot)}"
    if not r.sum("rate_guard.open", "retprobe_probe_overhead_seconds_total", (SYS + "msgrcv",)):
        yield "a probe with max_cpu costs nothing"
    if r.sum("rate_guard.open", "retprobe_probe_detached_total", GETPGID, reason="overload") != 1:
        yield "it is not counted as detached"
    if r.more_calls("rate_guard.before", "rate_guard.open", GETPGID) < 1000:
        yield f"the paused probe shows {r.more_calls('rate_guard.before', 'rate_guard.open', GETPGID)} calls"
    if r.state("rate_guard.others", "vfs_statx") != (1.0, ""):
        yield f"another probe: {r.state('rate_guard.others', 'vfs_statx')}"
    if r.state("rate_guard.open", "dummy_xmit") != (0.0, "refused"):
        yield f"labels that do not fit: {r.state('rate_guard.open', 'dummy_xmit')}"
    # It may share a link with the paused ones.
    if r.calls("rate_guard.others", UNLINK) < 200:
        yield f"another probe counted {r.calls('rate_guard.others', UNLINK)} of 200 calls"
    if r.state("rate_guard.reloaded", function) != (1.0, ""):
        yield f"after a reload: {r.state('rate_guard.reloaded', function)}"
    if r.calls("rate_guard.reloaded", GETPGID) < r.calls("rate_guard.others", GETPGID) + 10:
        yield f"after a reload: {r.calls('rate_guard.reloaded', GETPGID)} after {r.calls('rate_guard.others', GETPGID)} calls"


def kernel(r):
    if r.text("complaints").strip():
        yield r.text("complaints").strip()


TESTS = {
    "reloads under load: no call lost or counted twice": reloads,
    "an invalid configuration changes nothing": invalid,
    "other settings begin at 0": other_settings,
    "descriptors and memory stay": flat,
    "memory is what was planned": planned,
    "a module comes, goes under load, and comes again": module,
    "a program is made and replaced": program,
    "the server has no privileges": server,
    "the server is killed, and the attacher": killed,
    "exporters in PID namespaces do not meet": enclosed,
    "kprobes are switched off, and on again": switches,
    "the rate guard pauses a probe, and a reload resumes it": rate_guard,
    "the kernel does not complain": kernel,
}


def main():
    name, results = sys.argv[1], Results(pathlib.Path(sys.argv[2]))
    tests = dict(TESTS)
    if "maxcpus=" in name:
        tests["a CPU comes online after the start"] = late_cpu
    print(f"1..{len(tests)}")
    for what, test in tests.items():
        try:
            problems = list(test(results))
        except (OSError, ValueError, KeyError, TypeError) as e:
            problems = [f"{type(e).__name__}: {e}"]
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}")


if __name__ == "__main__":
    main()
