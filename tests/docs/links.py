# SPDX-License-Identifier: GPL-2.0-only
"""Prints the dead links in documents: to files, and to headings in them. Links to other servers are not
followed. The alerts' runbook_url must lead to a heading of dashboards/README.md.
"""
import re
import subprocess

import documents

LINK = re.compile(r"!?\[(?:[^][]|\[[^]]*\])*\]\(\s*([^)\s]+)(?:\s+\"[^\"]*\")?\s*\)")


def wrong(path, target):
    """Returns the error of a link in that document, or None."""
    file, _, anchor = target.partition("#")
    there = (path.parent / file).resolve() if file else path
    if not there.exists():
        return "there is no such file"
    if not there.is_relative_to(documents.ROOT):
        return "it leads out of the tree"
    if anchor and there.suffix == ".md" and anchor not in documents.anchors(there):
        return f"{documents.name_of(there)} has no such heading"
    return None


def runbooks():
    """Returns the alerts whose link from dashboards/runbooks.sh is dead."""
    readme, base = documents.ROOT / "dashboards/README.md", "https://git.example/README.md"
    made = subprocess.run(["sh", documents.ROOT / "dashboards/runbooks.sh", base], capture_output=True, text=True,
                          check=True).stdout
    links = [re.search(r"^ *runbook_url: '(.*)'$", text, re.M) for text in made.split("- alert: ")[1:]]
    for link in links:
        anchor = link and link[1].removeprefix(base + "#")
        if anchor not in documents.anchors(readme):
            yield f"dashboards/retprobe.alerts.yaml: {link and link[1]}: {documents.name_of(readme)} has no such heading"
    if not links:
        yield "dashboards/retprobe.alerts.yaml: there are no alerts"


def main():
    for line in runbooks():
        print(line)
    found = 0
    for path in documents.documents():
        # A link can span two lines.
        prose = documents.split(path)[0]
        text = "\n".join(re.sub(r"`[^`]*`", "", line) for _, line in prose)
        starts = [0]
        for _, line in prose:
            starts.append(starts[-1] + len(re.sub(r"`[^`]*`", "", line)) + 1)
        for link in LINK.finditer(text):
            found += 1
            if re.match(r"[a-z]+:", link[1]):
                continue
            why = wrong(path, link[1])
            if why:
                line = max(i for i, start in enumerate(starts) if start <= link.start())
                print(f"{documents.name_of(path)}:{prose[line][0]}: {link[1]}: {why}")
    if not found:
        print("there are no links at all")


if __name__ == "__main__":
    main()
