# SPDX-License-Identifier: GPL-2.0-only
"""Reads the documents (Markdown), for tests of the documentation."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(```+|~~~+)\s*(.*?)\s*$")


def documents():
    """All Markdown files, except below build/ and .git/."""
    return [path for path in sorted(ROOT.rglob("*.md"))
            if path.relative_to(ROOT).parts[0] not in ("build", ".git")]


def name_of(path):
    return str(path.relative_to(ROOT))


def split(path):
    """Returns the lines outside of fenced blocks as (number, text), and the blocks as (number, info, text)."""
    prose, blocks, inside = [], [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        fence = FENCE.match(line)
        if inside is None:
            if fence:
                inside = (number, fence[2], [], fence[1])
            else:
                prose.append((number, line))
        elif fence and fence[1] == inside[3] and not fence[2]:
            blocks.append((inside[0], inside[1], "\n".join(inside[2]) + "\n"))
            inside = None
        else:
            inside[2].append(line)
    if inside is not None:
        raise ValueError(f"{name_of(path)}:{inside[0]}: a block does not end")
    return prose, blocks


def blocks(path, info):
    """(number, text) of the fenced blocks with that language."""
    return [(number, text) for number, mark, text in split(path)[1] if mark == info]


def anchors(path):
    """GitHub's anchor for a heading."""
    found = {}
    for _, line in split(path)[0]:
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        if found[slug]:
            yield f"{slug}-{found[slug]}"
        else:
            yield slug


def cells(line):
    return [cell.strip().replace("\\|", "|") for cell in
            re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]


def tables(path):
    """(heading above it, [row]) of each table. A row is {column: text}, and has its "line"."""
    heading, columns, rows = "", None, []
    for number, line in [*split(path)[0], (0, "")]:
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
        if not line.startswith("|"):
            if rows:
                yield heading, rows
            columns, rows = None, []
        elif columns is None:
            columns = cells(line)
        elif not re.fullmatch(r"[|:\- ]+", line):
            rows.append(dict(zip(columns, cells(line)), line=number))


def code(text):
    """Text between backquotes."""
    return re.findall(r"`([^`]+)`", text)


def expressions(text):
    """The expressions of a PromQL block, which blank lines or comments separate."""
    found = [[]]
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            found[-1].append(line)
        else:
            found.append([])
    return ["\n".join(lines) for lines in found if lines]
