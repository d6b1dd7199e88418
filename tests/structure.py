#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The structure of exporter/: checks it, or prints the include graph by folder.

    tests/structure.py             one verdict for each rule
    tests/structure.py --graph     the folders in order, and what each of them includes
    tests/structure.py --files F   the files of folder F in order, and what each of them includes

A unit is a source with its header. The rules:
  form      headers are included as "folder/name.h"
  corridor  a file includes headers of its own folder and of folders before it
  circles   the units of a folder include each other in one direction only
  headers   a header declares what the source of the same name defines
  length    no source here, in bpf/ and in tests/ has more than 500 lines
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1] / "exporter"

# Upstream first. "." is exporter/ itself: the wiring.
CORRIDOR = """base kernel files yaml types elf config expr discover counts object attach labels scan samples
probes expose access http pages top process .""".split()

# Headers that are not part of exporter/: the layout shared with bpf/, and what the build generates.
OUTSIDE = re.compile(r"bpf/\w+\.h|retprobe\.skel\.h|syscall_table\.h|build_version\.h")


def sources():
    return sorted(path for path in ROOT.rglob("*.[ch]"))


def folder(unit):
    return unit.rpartition("/")[0] or "."


def unit_of(path):
    return str(path.relative_to(ROOT).with_suffix(""))


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'#include "([^"]+)"', line)
        if found:
            yield number, found[1]


def graph():
    """{unit: {unit that it includes: "file:line"}}"""
    edges = {unit_of(path): {} for path in sources()}
    for path in sources():
        unit = unit_of(path)
        for number, header in includes(path):
            other = header.removesuffix(".h")
            if other in edges and other != unit:
                edges[unit].setdefault(other, f"{path.relative_to(ROOT.parent)}:{number}")
    return edges


def form():
    for path in sources():
        for number, header in includes(path):
            if not OUTSIDE.fullmatch(header) and not (ROOT / header).is_file():
                yield f"{path.relative_to(ROOT.parent)}:{number}: \"{header}\" is not \"folder/name.h\""


def corridor():
    for unit, others in graph().items():
        for other, place in others.items():
            if folder(unit) not in CORRIDOR:
                yield f"{place}: folder {folder(unit)} is not in CORRIDOR of tests/structure.py"
            elif CORRIDOR.index(folder(other)) > CORRIDOR.index(folder(unit)):
                yield f"{place}: {unit} includes {other}: {folder(other)} comes after {folder(unit)}"


def circles():
    """Tarjan's strongly connected components, within a folder."""
    edges = graph()
    index, low, stack, found = {}, {}, [], []

    def visit(unit):
        index[unit] = low[unit] = len(index)
        stack.append(unit)
        for other in edges[unit]:
            if folder(other) != folder(unit):
                continue
            if other not in index:
                visit(other)
                low[unit] = min(low[unit], low[other])
            elif other in stack:
                low[unit] = min(low[unit], index[other])
        if low[unit] == index[unit]:
            at = stack.index(unit)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for unit in edges:
        if unit not in index:
            visit(unit)
    for circle in sorted(found):
        yield "these include each other: " + " ".join(circle)


def plain(text):
    """C without comments, preprocessor lines, and what is in braces."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    text = re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    while True:
        shorter = re.sub(r"\{[^{}]*\}", ";", text)
        if shorter == text:
            return text
        text = shorter


def headers():
    for path in sources():
        if path.suffix != ".h":
            continue
        source = path.with_suffix(".c")
        defined = set()
        if source.exists():
            defined = set(re.findall(r"(\w+)\(", source.read_text()))
        for statement in plain(path.read_text()).split(";"):
            statement = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", " ".join(statement.split()))
            name = re.match(r"(?!static|typedef|return)[\w ]+[ *](\w+)\([^()]*(?:\([^()]*\)[^()]*)*\)$", statement)
            if name and name[1] not in defined:
                where = source.relative_to(ROOT.parent)
                yield f"{path.relative_to(ROOT.parent)}: {name[1]}() is not defined in {where}"


def length():
    top = ROOT.parent
    for path in sorted([*sources(), *top.glob("bpf/*.[ch]"), *top.glob("tests/**/*.[ch]")]):
        lines = path.read_text().count("\n")
        if lines > 500:
            yield f"{path.relative_to(top)}: {lines} lines"


def check():
    rules = (form, corridor, circles, headers, length)
    print(f"1..{len(rules)}", flush=True)
    for rule in rules:
        findings = list(rule())
        if findings:
            print(f"not ok structure {rule.__name__}: {len(findings)} findings")
            print("\n".join(f"    {finding}" for finding in findings))
        else:
            print(f"ok structure {rule.__name__}")


def print_graph():
    edges = graph()
    by_folder = collections.defaultdict(collections.Counter)
    for unit, others in edges.items():
        for other in others:
            if folder(other) != folder(unit):
                by_folder[folder(unit)][folder(other)] += 1
    for name in CORRIDOR:
        units = [unit for unit in edges if folder(unit) == name]
        used = ", ".join(f"{other} {by_folder[name][other]}" for other in CORRIDOR if by_folder[name][other])
        print(f"{name + '/':10} {len(units):3} units -> {used or '-'}")


def print_files(name):
    edges = graph()
    for unit in sorted((unit for unit in edges if folder(unit) == name)):
        print(f"{unit}: {' '.join(sorted(edges[unit])) or '-'}")


if "--graph" in sys.argv:
    print_graph()
elif "--files" in sys.argv:
    print_files(sys.argv[-1])
else:
    check()
