#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the results of scale_guest.sh: scale_check.py 'scale SERIES' RESULTS_DIR."""
import pathlib
import re
import sys

from conformance_check import SYS, UNLINK, parse

GETPGID = (SYS + "getpgid",)
# Families that the reload drops.
DROPPED = ("acpi_", "pci_", "crypto_")
MANY = {"many.auto": 4000, "many.fsession.multi": 1400}
# Limits for both processes together, after the reload (tests/bench/README.md). A batch that the kernel
# refuses becomes several links, each with a descriptor.
MAX_KILOBYTES = 160 * 1024
MAX_DESCRIPTORS = {"many.auto": 88, "many.fsession.multi": 160}
FALLBACK = {"nobtf", "fallback.first", "fallback.last", "fallback.void"}
CASES = {
    "6.12": {"many.auto", "refused.auto", "refused.kprobe.multi"} | FALLBACK,
    "7": {"many.auto", "many.fsession.multi", "refused.auto", "refused.kprobe.multi"} | FALLBACK,
    "6.12-arm64": FALLBACK, # no multi links
    "7-arm64": {"many.auto", "refused.auto", "refused.kprobe.multi"} | FALLBACK,
}


class Scrape:
    def __init__(self, path):
        self.series = parse(path)

    def of(self, metric, label, **labels):
        """A metric's values by one label, for the series with the other labels."""
        return {dict(k[1])[label]: v for k, v in self.series.items()
                if k[0] == metric and all(dict(k[1]).get(n) == w for n, w in labels.items())}

    def sum(self, metric, functions):
        return sum(v for k, v in self.series.items()
                   if k[0] == metric and dict(k[1])["function"] in functions)

    def counts(self):
        return self.of("retprobe_duration_seconds_count", "function")

    def mechanisms(self):
        return {dict(k[1])["function"]: dict(k[1])["mechanism"] for k in self.series
                if k[0] == "retprobe_probe_info"}

    def attached(self):
        return {f for f, v in self.of("retprobe_probe_attached", "function", reason="").items() if v}

    def lost(self):
        """The functions that are not attached, with the reasons."""
        return {dict(k[1])["function"]: dict(k[1])["reason"] for k, v in self.series.items()
                if k[0] == "retprobe_probe_attached" and not v}


class Results:
    def __init__(self, directory):
        self.directory = directory

    def text(self, name):
        return (self.directory / name).read_text()

    def scrape(self, name):
        return Scrape(self.directory / name)

    def why(self, function):
        """The log messages about a function that is not attached."""
        return re.findall(rf"vmlinux:{re.escape(function)} is not attached \(([^)]*)\): (.+?) \(/",
                          self.text("exporter.log"))


def calls(r, name, getpgids, unlinks):
    """Every call is counted or missed. Misses of a shared program can belong to another function."""
    before, after = r.scrape(name + ".before"), r.scrape(name + ".after")

    def more(metric, functions):
        return after.sum(metric, functions) - before.sum(metric, functions)

    by_all = more("retprobe_missed_total", ("_all",))
    for functions, want in ((GETPGID, getpgids), (UNLINK, unlinks)):
        got = more("retprobe_duration_seconds_count", functions)
        short = want - got - more("retprobe_missed_total", functions)
        if not 0 <= short <= by_all:
            yield f"{got:.0f} of {want} calls of {functions[0]} counted, {short:.0f} nowhere"


def traced(r, name, attached):
    """The kernel's own list of traced functions."""
    now, unused = (int(r.text(n).split()[0]) for n in (name + ".kernel", "unused"))
    if now - unused != len(attached):
        yield f"{len(attached)} attached, and the kernel traces {now - unused}"


def many_attached(r, case):
    s = r.scrape(f"{case}.all.before")
    attached, lost = s.attached(), s.lost()
    if len(attached) < MANY[case]:
        yield f"only {len(attached)} are attached"
    yield from traced(r, case, attached)
    for function, reason in lost.items():
        if [reason] != [w[0] for w in r.why(function)][:1]:
            yield f"{function} is not attached ({reason}), and the log says {r.why(function)}"
    if case == "many.auto" and lost:
        yield f"not attached: {lost}"


def bisected(r, case):
    """Some of the functions that are not attached made the kernel refuse their batch."""
    refused = [f for f in r.scrape(f"{case}.all.before").lost()
               if "the kernel refuses" in r.why(f)[0][1]]
    if not 3 <= len(refused) <= 100:
        yield f"the kernel refused {len(refused)}: {refused[:20]}"


def many_calls(r, case):
    yield from calls(r, f"{case}.all", 5000, 3000)
    yield from calls(r, f"{case}.half", 70, 50)


def halved(r, case):
    before, after = r.scrape(f"{case}.all.after"), r.scrape(f"{case}.half.before")
    stay = {f for f in before.attached() if not f.startswith(DROPPED)}
    if after.attached() != stay:
        yield f"{sorted(after.attached() ^ stay)[:20]}"
    then, now = before.counts(), after.counts()
    if set(now) != stay:
        yield f"counts of {sorted(set(now) ^ stay)[:20]}"
    less = [f for f in stay if now.get(f, 0) < then[f]]
    if less:
        yield f"counts have gone back: {less[:20]}"
    if not MANY[case] * 0.4 < len(stay) < len(before.attached()) * 0.6:
        yield f"{len(stay)} of {len(before.attached())} is no half"


def footprint(r, case):
    numbers = [int(n) for n in r.text(case + ".footprint").split()]
    descriptors, kilobytes = sum(numbers[0::2]), sum(numbers[1::2])
    if len(numbers) != 4 or descriptors > MAX_DESCRIPTORS.get(case, descriptors) or kilobytes > MAX_KILOBYTES:
        yield f"{descriptors} descriptors, {kilobytes} kB: {numbers}"


def stopped(r, case):
    code = r.text(case + ".exit").strip()
    if code != "0":
        yield f"exit {code}"
    if r.text("left") != r.text("unused"):
        yield f"left in the kernel: {r.text('left')!r}, not {r.text('unused')!r}"


def only_one_lost(r, case):
    s = r.scrape(f"{case}.before")
    # The exporters run at once.
    together = [r.scrape(f"{c}.before").attached() for c in r.text("cases").split() if c.startswith("refused.")]
    yield from traced(r, "refused", set().union(*together))
    if s.lost() != {"argv_split": "refused"}:
        yield f"not attached: {s.lost()}"
    if len(s.attached()) < 200:
        yield f"only {len(s.attached())} are attached"
    want = {"kprobe.session" if case == "refused.auto" else case.split(".", 1)[1]}
    if set(s.mechanisms().values()) != want:
        yield f"attached by {set(s.mechanisms().values())}, not by {want}"
    if not [w for w in r.why("argv_split") if w[0] == "refused" and ("EINVAL" in w[1] or "ENOENT" in w[1])]:
        yield f"the log says {r.why('argv_split')}"


def refused_calls(r, case):
    yield from calls(r, case, 500, 300)


def falls_back(r, case):
    before, s = r.scrape(f"{case}.before"), r.scrape(f"{case}.after")
    # A start calls sysfs_emit, too, and so does whoever else reads a file of sysfs.
    mechanisms, got = s.mechanisms(), s.counts()["sysfs_emit"] - before.counts()["sysfs_emit"]
    # Only trampolines refuse sysfs_emit.
    first = mechanisms.pop(GETPGID[0])
    if (mechanisms.pop("sysfs_emit") == first) == (first == "fexit") or set(mechanisms.values()) != {first}:
        yield f"{first}, and {s.mechanisms()}"
    if s.lost() or got < 50 or s.sum("retprobe_missed_total", ("sysfs_emit",)):
        yield f"not attached: {s.lost()}; {got} of 50 calls"
    if s.sum("retprobe_duration_seconds_count", GETPGID) < 70:
        yield f"{s.sum('retprobe_duration_seconds_count', GETPGID)} of 70 calls of {GETPGID[0]}"


def without_types(r, case):
    before, after = r.scrape("nobtf.before"), r.scrape("nobtf.after")
    if after.lost() != {"vfs_statx": "refused"}:
        yield f"not attached: {after.lost()}"
    if not [w for w in r.why("vfs_statx") if w[0] == "refused" and "no BTF" in w[1]]:
        yield f"the log says {r.why('vfs_statx')}"
    wrong = {f: m for f, m in after.mechanisms().items() if m in ("fexit", "fsession", "kprobe.session")}
    if wrong or after.mechanisms().get("standard_ExecutorRun") != "uprobe.ret":
        yield f"{after.mechanisms()}"
    for function, want in {"getsid": 30, "sched_get_priority_min": 0, "workload_function": 40}.items():
        got = after.counts().get(function, -1) - before.counts().get(function, -1)
        if got != want:
            yield f"{got:.0f} of {want} calls of {function}"
    page = r.text("nobtf.page")
    if not re.search(r'^retprobe_duration_seconds_count\{.*function="vfs_mkdir",comm="mkdir",mode="\d+"\} 1$', page, re.M):
        yield "no call of vfs_mkdir by its labels"


def nobtf_told(r, case):
    plan = r.text("nobtf.plan")
    if not re.match(r".*level=warn msg=\"this kernel has no BTF .*CONFIG_DEBUG_INFO_BTF", plan) or not plan.endswith("\n0\n"):
        yield plan[:1000]
    if len(re.findall("this kernel has no BTF", r.text("exporter.log"))) < 1:
        yield "the log does not tell"


def nobtf_calls(r, case):
    yield from calls(r, "nobtf", 70, 50)


TESTS = {
    "many": {
        "all are attached, or told why not": many_attached,
        "every call is accounted for": many_calls,
        "a reload drops half, and the others keep their counts": halved,
        "descriptors and memory are as documented": footprint,
        "it stops, and nothing is left": stopped,
    },
    "many.fsession.multi": {"those that the kernel refuses are found in their batch": bisected},
    "refused": {
        "one of a batch is refused, and only that one is lost": only_one_lost,
        "every call of the others is accounted for": refused_calls,
        "it stops, and nothing is left": stopped,
    },
    "nobtf": {
        "--config.check says that there is no BTF before anything else": nobtf_told,
        "what can be had without types is attached, and counts": without_types,
        "every call of kernel functions is accounted for": nobtf_calls,
        "it stops, and nothing is left": stopped,
    },
    "fallback": {
        "what the first choice refuses goes to the next": falls_back,
        "it stops, and nothing is left": stopped,
    },
}


def main():
    name, results = sys.argv[1], Results(pathlib.Path(sys.argv[2]))

    def verdict(what, problems):
        try:
            problems = list(problems)
        except (OSError, ValueError, KeyError, IndexError) as e:
            problems = [f"{type(e).__name__}: {e}"]
        # Lists can be as long as the kernel's own.
        problems = [p if len(p) < 1000 else p[:1000] + "..." for p in problems[:20]]
        print(f"not ok {name} {what}: {'; '.join(problems)}" if problems else f"ok {name} {what}")

    def words(file):
        path = results.directory / file
        return path.read_text().split() if path.exists() else []

    done, wanted = words("cases"), words("wanted")
    if (results.directory / "all").exists():
        wanted = [case for case in wanted if case in CASES[name.split()[1]]]
    tests = [(case, what, test) for case in wanted
             for what, test in {**TESTS[case.split(".")[0]], **TESTS.get(case, {})}.items()]
    print(f"1..{len(tests) + 2}")
    verdict("has had its cases", [] if wanted and set(wanted) <= set(done) else [f"{done}, not {wanted}"])
    for case, what, test in tests:
        verdict(f"{case}: {what}", test(results, case) if case in done else ["did not run to its end"])
    complaints = results.directory / "complaints"
    verdict("the kernel does not complain",
            [complaints.read_text()] if not complaints.exists() or complaints.read_text() else [])
    log = results.directory / "exporter.log"
    for line in re.findall(r"attached \d+ of \d+ probes in .*?(?=\")", log.read_text()):
        print(f"# {name}: {line}")


if __name__ == "__main__":
    main()
