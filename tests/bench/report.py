# SPDX-License-Identifier: GPL-2.0-only
"""Prints the tables of the benchmark in Markdown.

    report.py DIRECTORY PARTS [SERIES...]

DIRECTORY has SERIES/PART/figures (and native/PART/figures): lines of a name, a value and a note, separated by
tabs. A value of "-" could not be measured. Its note, the reason, is printed below the tables.
"""

import itertools
import os
import statistics
import sys

MECHANISMS = [
    "fsession.multi",
    "fsession",
    "fexit",
    "kprobe.session",
    "kprobe.multi",
    "kretprobe",
]
USER_MECHANISMS = ["uprobe.ret", "uprobe.session", "uprobe.multi", "uretprobe"]
FORMATS = ["text", "openmetrics", "protobuf"]
MULTI = ["fsession.multi", "kprobe.session", "kprobe.multi"]
MANY = [100, 1000, 10000]
COUNTS = [1, 8, 16, 64, 100, 128, 1000, 4000, 10000]  # those that were measured are shown
# By the mechanism that `auto` chooses.
LABELS = {
    "ours/comm/1": "`auto`, labels: [comm]",
    "ours/cgroup/1": "`auto`, labels: [cgroup]",
    "ours/caller/1": "`auto`, labels: [caller]",
    "ours/callers/1": '`auto`, labels: [caller, "caller[2]"]',
    "ours/off-cpu/1": "`auto`, split: cpu",
    "ours/counters/1": "`auto`, counters: [page-faults, context-switches]",
    "ours/clock/1": "`auto`, counters: [cpu-clock]",
    "pattern/offcpu": "a program at each task switch instead of split: cpu",
    "switch/ours/off-cpu/1": "two task switches elsewhere, with split: cpu",
    "switch/pattern/offcpu": "... with a program at each task switch",
    "ours/filter/1": "`auto`, a filter that rejects the call",
    "ours/sample/1": "`auto`, samples of slow calls, and none is slow",
    "ours/show/1": "`auto`, the same, `show` of a number",
    "other/ours/plain/1": "`auto`, another function, no label",
    "other/ours/expression/1": "`auto`, the same, a label of three dereferences",
}

POINTS = {
    "plain": "an event of a tracepoint",
    "comm": "... labels: [comm]",
    "span": "a span between two tracepoints, by task",
    "span-comm": "... labels: [comm]",
}


# Of programs, beside what bpftrace does for the same.
USER_EVENTS = {
    "user": "an entry of a user function",
    "usdt": "a USDT probe",
}
EVENTS = {
    "plain": "",
    "comm": ", labels: [comm]",
    "argument": ", a filter on its argument, and observe",
}
ROOM = {
    "user/ours/room": "an entry of a user function, labels: [{n: arg0}], always of the same value",
    "user/ours/no-room": "... each of another value, and no room",
}


class Figures:
    """Results of one part on one kernel."""

    def __init__(self, path):
        self.values = {}
        self.notes = {}
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                name, value, note = (line.rstrip("\n") + "\t\t").split("\t")[:3]
                self.values[name] = value
                self.notes[name] = note

    def number(self, name):
        try:
            return float(self.values[name])
        except (KeyError, ValueError):
            return None

    def text(self, name, missing=""):
        return self.values.get(name, missing)

    def note(self, name):
        return self.notes.get(name, "")

    def release(self):
        return self.text("kernel").split("+")[0].replace("-amd64", "").replace("-arm64", " arm64")


class Footnotes:
    """Reasons, numbered by first use."""

    def __init__(self):
        self.texts = []

    def mark(self, text):
        if not text:
            return ""
        if text not in self.texts:
            self.texts.append(text)
        return f" [{self.texts.index(text) + 1}]"

    def missing(self, figures, name):
        """The reason for a missing value, or nothing if it was not measured."""
        if name not in figures.values:
            return ""
        return "-" + self.mark(figures.note(name))

    def print(self):
        for i, text in enumerate(self.texts):
            print(f"[{i + 1}] {text}  ")
        if self.texts:
            print()
        self.texts = []


def table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


# ---- instructions -------------------------------------------------------------------------------


def over(figures, name):
    """Instructions that NAME adds to a call."""
    group = name.split("/")[0]
    group = "point" if group == "raw" else group
    own = ("user", "other", "filtered", "switch", "usdt", "point")
    unprobed = f"{group}/unprobed" if group in own else "unprobed"
    value, base = figures.number(name), figures.number(unprobed)
    return None if value is None or base is None else value - base


def added(figures, name, notes):
    value = over(figures, name)
    if value is None:
        return notes.missing(figures, name)
    return f"{value:.0f}" + notes.mark(figures.note(name))


def own(figures, name, empty, count, notes):
    """Ours, and in parentheses the empty pair and the ratio."""
    value, base = over(figures, name), over(figures, empty) if empty else None
    if value is None and base is None:
        return notes.missing(figures, name)
    attached = figures.number(name + "/attached")
    text = added(figures, name, notes)
    if value is not None and attached != count:
        text += notes.mark(f"{figures.release()}: {attached or 0:.0f} functions attached")
    if base is None:
        return text
    if value is None:
        return f"{text} (empty {base:.0f})"
    return f"{text} (empty {base:.0f}, {value / base:.2f}x)"


def ratio(figures, name, other, notes):
    mine, theirs = over(figures, name), over(figures, other)
    if mine is None or theirs is None:
        return notes.missing(figures, other if mine is not None else name)
    return f"{mine / theirs:.2f}x"


def chosen(figures, count, notes):
    name = f"ours/auto/{count}"
    mechanism = figures.text(name + "/mechanism")
    empty = f"empty/{mechanism}/{count}"
    text = own(figures, name, empty, count, notes)
    return f"{mechanism}: {text}" if mechanism else text


def instruction_rows(kernels, notes):
    def row(title, cell):
        return [title] + [cell(f) for f in kernels]

    yield row("a call without a probe, all of it", lambda f: f.text("unprobed", "-"))
    yield row("what `auto` chooses", lambda f: chosen(f, 1, notes))
    for m in MECHANISMS:
        yield row(f"`{m}`", lambda f: own(f, f"ours/{m}/1", f"empty/{m}/1", 1, notes))
    yield row("what `auto` chooses for 1,000 functions", lambda f: chosen(f, 1000, notes))
    for m in MULTI:
        for count in MANY:
            name = f"{m}/{count}"
            title = f"`{m}`, {count:,} functions"
            yield row(title, lambda f: own(f, "ours/" + name, "empty/" + name, count, notes))
    empty = "empty/tracepoint/1"
    yield row("`tracepoint`", lambda f: own(f, "ours/tracepoint/1", empty, 1, notes))
    other = "ours/tracepoint-other/1"
    yield row("`tracepoint`, to a call not probed", lambda f: own(f, other, empty, 1, notes))
    yield row("a system call by its functions", lambda f: own(f, "ours/functions/1", None, 1, notes))
    yield row("... to a call not probed", lambda f: own(f, "ours/functions-other/1", None, 1, notes))
    for name, title in (("functions", "... in a thread with a seccomp filter"),
                        ("tracepoint", "`tracepoint`, to a call not probed, there")):
        filtered = f"filtered/ours/{name}-other/1"
        yield row(title, lambda f: own(f, filtered, None, 1, notes))
    for name, title in LABELS.items():
        yield row(title, lambda f: added(f, name, notes))
    for m in ("fexit", "kprobe.multi", "kretprobe", "tracepoint"):
        ours, empty = f"ours/{m}.count/1", f"empty/{m}.return/1"
        yield row(f"`{m}`, durations: off", lambda f: own(f, ours, empty, 1, notes))
        if m != "tracepoint":
            yield row(f"`{m}`, durations: off, labels: [comm]",
                      lambda f: added(f, f"ours/{m}.count.comm/1", notes))
    others = {
        "funclatency": "funclatency (histogram only)",
        "bpftrace/kprobe": "bpftrace, kprobe + kretprobe",
        "bpftrace/kfunc": "bpftrace, kfunc + kretfunc",
        "pattern/exporter": "ebpf_exporter, as its examples are written (histogram only)",
        "pattern/netdata_time": "netdata, as for file systems (histogram only)",
        "pattern/netdata_calls": "netdata, as for the rest (calls and errors only)",
    }
    for name, title in others.items():
        yield row(title, lambda f: added(f, name, notes))
    for name, title in others.items():
        yield row(
            f"`auto` to {title.split(' (')[0]}", lambda f: ratio(f, "ours/auto/1", name, notes)
        )
    for (name, title), group in itertools.product(POINTS.items(), ("point", "raw")):
        ours, hand, tool = f"{group}/ours/{name}", f"{group}/pattern/{name}", f"point/bpftrace/{name}"
        yield row(title + (", raw" if group == "raw" else ""), lambda f: added(f, ours, notes))
        for who, other in (("bpftrace", tool), ("a program by hand", hand)):
            yield row(f"... {who}", lambda f: added(f, other, notes))
            yield row(f"... to {who}", lambda f: ratio(f, ours, other, notes))
    for m in USER_MECHANISMS:
        ours, empty = f"user/ours/{m}/1", f"user/empty/{m}/1"
        yield row(f"`{m}`, a user function", lambda f: own(f, ours, empty, 1, notes))
    title = "bpftrace, uprobe + uretprobe, a user function"
    yield row(title, lambda f: added(f, "user/bpftrace/1", notes))
    for (group, what), (name, more) in itertools.product(USER_EVENTS.items(), EVENTS.items()):
        ours, tool = (f"{group}/{who}/{name}" for who in ("ours", "bpftrace"))
        yield row(what + more, lambda f: added(f, ours, notes))
        yield row("... bpftrace", lambda f: added(f, tool, notes))
        yield row("... to bpftrace", lambda f: ratio(f, ours, tool, notes))
    for name, what in ROOM.items():
        yield row(what, lambda f: added(f, name, notes))


def repeatable(kernels):
    """Whether the guests' last figure equals the first one."""
    apart = [
        abs(f.number("unprobed") - f.number("unprobed/again"))
        for f in kernels
        if f.number("unprobed") is not None and f.number("unprobed/again") is not None
    ]
    return max(apart, default=0)


def print_instructions(kernels, conditions):
    notes = Footnotes()
    print("### Instructions per call\n")
    print(
        "Instructions that a probe on getpgid(2) adds to a call; in parentheses the mechanism's own "
        "empty pair of programs, and ours to it. All tools count every call, or a note says so.\n"
    )
    print(
        f"Guests: QEMU {conditions.text('qemu')} with `-icount shift=0`, where a nanosecond is an "
        "instruction; 1 CPU, `mitigations=off`. Warmed up, the smallest of 100 rounds of 1,000 calls; "
        "the unprobed call, measured first and last, differed by at most "
        f"{repeatable(kernels):.1f}. BPF by clang {conditions.text('clang')}; "
        f"bpftrace {conditions.text('bpftrace')}, libbpf-tools {conditions.text('libbpf-tools')}; "
        "bpftrace makes a histogram and counts the returned values.\n"
    )
    # Groups of rows that were not requested are missing.
    rows = [r for r in instruction_rows(kernels, notes) if any(r[1:])]
    table(["added to a call"] + [f.release() for f in kernels], rows)
    notes.print()


# ---- scale --------------------------------------------------------------------------------------


def seconds(figures, name, count, notes):
    start, stop = figures.number(name + "/start"), figures.number(name + "/stop")
    if start is None:
        return notes.missing(figures, name + "/start") if name + "/start" in figures.values else ""
    attached = figures.number(name + "/attached")
    text = f"{start / 1000:.2f} / {stop / 1000:.2f}" if stop is not None else f"{start / 1000:.2f}"
    if attached != count:
        text += notes.mark(f"{figures.release()}: {attached or 0:.0f} functions attached")
    return text


def memory(figures, name):
    rss, cells, total = (figures.number(f"{name}/{what}") for what in ("rss", "cells", "memory"))
    if None in (rss, cells, total):
        return ""
    return f"{rss / 1024:.1f} / {cells / (1 << 20):.1f} / {total / 1024:.0f}"


def print_scale(kernels, conditions):
    notes = Footnotes()
    print("### Attaching\n")
    print(
        f"Guests: QEMU {conditions.text('qemu')}, {kernels[0].text('cpus')} CPUs, emulated unless the "
        "machine can do better, `mitigations=off`, in guest time. Start to `/-/ready` / SIGTERM to "
        "exit, seconds.\n"
    )
    times, sizes = [], []
    for m in ["auto"] + MECHANISMS:
        for count in COUNTS:
            name = f"scale/{m}/{count}"
            title = [f"`{m}`", f"{count:,}"]
            row = [seconds(f, name, count, notes) for f in kernels]
            if any(row):
                times.append(title + row)
            row = [memory(f, name) for f in kernels]
            if any(row):
                sizes.append(title + row)
    header = ["mechanism", "functions"] + [f.release() for f in kernels]
    table(header, times)
    notes.print()
    print(
        "Memory, MiB: resident in the exporter (the cells are part of it) / cells "
        "(`retprobe_exporter_cell_bytes`) / all that the machine has less of while it runs, what the "
        "kernel keeps for the probes included.\n"
    )
    table(header, sizes)


# ---- native -------------------------------------------------------------------------------------


def extra(figures, name):
    """The cost of the probe, per pair of rounds."""
    off, on = (figures.text(n).split() for n in (name + "/off", name))
    return sorted(float(b) - float(a) for a, b in zip(off, on)) if off else []


def call_row(figures, mechanism, title, notes):
    ours, empty = extra(figures, "ours/" + mechanism), extra(figures, "empty/" + mechanism)
    if not ours:
        reason = notes.missing(figures, "ours/" + mechanism)
        return [title, "", f"+{statistics.median(empty):.0f}" if empty else "", reason, ""]
    off = [float(v) for v in figures.text(f"ours/{mechanism}/off").split()]
    quartiles = statistics.quantiles(ours, n=4) if len(ours) > 1 else ours * 3
    return [
        title,
        f"{statistics.median(off):.0f}",
        f"+{statistics.median(empty):.0f}" if empty else "",
        f"+{statistics.median(ours):.0f}",
        f"{quartiles[0]:.0f} .. {quartiles[2]:.0f} ({ours[0]:.0f} .. {ours[-1]:.0f})",
    ]


def print_calls(figures, conditions):
    notes = Footnotes()
    rounds = len(figures.text("ours/tracepoint").split())
    print("### Nanoseconds per call\n")
    print(
        f"Natively: {conditions.text('machine')}. {rounds} pairs of rounds, without and with the "
        "probe in turns; each figure is the smallest of 50 loops of 10,000 calls. "
        f"Load average at the start {conditions.text('load')}.\n"
    )
    probes = [
        ("tracepoint", "`tracepoint`, getpgid(2)"),
        ("tracepoint-other", "`tracepoint`, getpgid(2) while another is probed"),
    ]
    probes += [(m, f"`{m}`, a user function") for m in USER_MECHANISMS]
    probes += [(m, f"`{m}`, getpgid(2)") for m in MECHANISMS]
    rows = [call_row(figures, m, title, notes) for m, title in probes]
    header = ["", "unprobed, ns", "empty pair adds", "ours adds (median)", "quartiles (all)"]
    table(header, rows)
    notes.print()


def scaled(figures, name, unit, digits):
    value = figures.number(name)
    return "" if value is None else f"{value / unit:.{digits}f}"


def scrape_row(figures, name, notes):
    title = name.split("/")[1]
    if figures.number(name) is None:
        return [title, notes.missing(figures, name)] + [""] * 6
    return [
        title,
        figures.text(name),
        figures.text(name + "/series"),
        scaled(figures, f"{name}/rss", 1024, 1),
        scaled(figures, f"{name}/cells", 1 << 20, 1),
        figures.text(name + "/scrapes"),
        scaled(figures, f"{name}/start", 1000, 2),
        scaled(figures, f"{name}/stop", 1000, 2),
    ]


def format_rows(figures, names):
    """A row per run and format: CPU, the attacher's part of it, time and size, plain and compressed."""
    for name in names:
        for form in FORMATS:
            row = [
                scaled(figures, f"{name}/{form}/{encoding}/{what}", 1000, digits)
                for encoding in ("identity", "gzip")
                for what, digits in (("cpu", 2), ("attacher", 2), ("time", 2), ("bytes", 0))
            ]
            if any(row):
                yield [name.split("/")[1], form] + row


def encode_rows(figures):
    for name in figures.values:
        if name.startswith("encode/") and name.count("/") == 2:
            _, functions, form = name.split("/")
            yield [functions, figures.text(name), form] + [
                scaled(figures, f"{name}/{what}", 1000, digits)
                for what, digits in (
                    ("cpu", 2), ("bytes", 0), ("gzip/cpu", 2), ("gzip/bytes", 0)
                )
            ]


def print_scrapes(figures, conditions):
    notes = Footnotes()
    print("### Scrapes\n")
    print(
        f"Natively: {conditions.text('machine')}. CPU time of the exporter and time until the answer is "
        "there, means of so many scrapes over one connection. RSS: of both processes after all of "
        "them, each with its own view of the cells. Load average at the start "
        f"{conditions.text('load')}.\n"
    )
    names = [n for n in figures.values if n.startswith("scrape/") and n.count("/") == 1]
    table(
        [
            "probed",
            "attached",
            "series",
            "RSS, MiB",
            "cells, MiB",
            "scrapes",
            "start, s",
            "stop, s",
        ],
        [scrape_row(figures, name, notes) for name in names],
    )
    columns = ["CPU, ms", "attacher, ms", "time, ms", "kB"]
    header = ["probed", "format"] + columns + [c + " (gzip)" for c in columns]
    table(header, list(format_rows(figures, names)))
    print(
        "The encoders by themselves, without reading cells and without HTTP: the least CPU time of 20 "
        "runs, in the default configuration.\n"
    )
    header = ["functions", "series", "format", "CPU, ms", "kB", "gzip adds, ms", "kB (gzip)"]
    table(header, list(encode_rows(figures)))
    notes.print()


def main():
    directory, parts, series = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
    conditions = Figures(os.path.join(directory, "conditions"))

    def measured(part, where):
        figures = [Figures(os.path.join(directory, w, part, "figures")) for w in where]
        return [f for f in figures if f.values] if part in parts else []

    print(f"    {conditions.text('command')}\n")
    for part, where, show in (
        ("instructions", series, print_instructions),
        ("scale", series, print_scale),
    ):
        kernels = measured(part, where)
        if kernels:
            show(kernels, conditions)
    for part, show in (("calls", print_calls), ("scrapes", print_scrapes)):
        for figures in measured(part, ["native"]):
            show(figures, conditions)


main()
