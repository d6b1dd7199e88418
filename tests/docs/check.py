# SPDX-License-Identifier: GPL-2.0-only
"""Checks the documentation against the sources, the exporter's parser and promtool. Prints a line per test.
tests/e2e/dashboards.sh checks that the PromQL examples have data.
"""
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import documents

EXPORTER = documents.ROOT / "build/retprobe_exporter"
TROUBLE = documents.ROOT / "exporter/TROUBLESHOOTING.md"
METRICS = documents.ROOT / "exporter/METRICS.md"
CONFIGURATION = documents.ROOT / "exporter/CONFIGURATION.md"
MECHANISMS = documents.ROOT / "exporter/MECHANISMS.md"
SECURITY = documents.ROOT / "deploy/SECURITY.md"

failed = False


def report(name, wrong):
    """wrong: a list of findings."""
    global failed
    failed = failed or bool(wrong)
    print(f"not ok docs {name}: {'; '.join(wrong)}" if wrong else f"ok docs {name}", flush=True)


# ---- sources ---------------------------------------------------------------------------------------


def sources():
    return [path.read_text() for path in sorted((documents.ROOT / "exporter").rglob("*.[ch]"))]


LITERAL = r'"(?:[^"\\\n]|\\.)*"'
LITERALS = re.compile(rf"{LITERAL}(?:\s*{LITERAL})*")


def spoken(literals):
    """Adjacent C string literals as one text, with `...` for numbers and names."""
    text = "".join(part[1:-1] for part in re.findall(LITERAL, literals))
    text = text.replace('\\"', '"').replace("\\\\", "\\")
    return re.sub(r"%[-+ #0-9.*]*(?:hh?|ll?|z|j|t)?[diouxXeEfgGcsp]", "...", text)


@functools.cache
def texts():
    return [spoken(found[0]) for source in sources() for found in LITERALS.finditer(source)]


def names(array):
    """The names in a table of the sources: [X] = "name"."""
    for source in sources():
        body = re.search(rf"\b{array}\[\w+\] = {{(.*?)}};", source, re.S)
        if body:
            return set(re.findall(r'= "(\w+)"', body[1]))
    return set()


def metric_names():
    """Names as exported: a counter's name ends in _total."""
    found = set()
    for path in (documents.ROOT / "exporter/expose").glob("*metrics.c"):
        for name, rest in re.findall(r'[{=]\s*"((?:retprobe|process)_\w+)",(.*?)METRIC_\w+',
                                     path.read_text(), re.S):
            kind = re.search(rf'"{name}",.*?METRIC_(\w+)', path.read_text(), re.S)[1]
            found.add(name + ("_total" if kind == "COUNTER" else ""))
    return found


# ---- what the documents say ------------------------------------------------------------------------


def messages():
    """Each message that the page of troubles explains, with its line."""
    for _, rows in documents.tables(TROUBLE):
        for row in rows:
            for message in documents.code(row.get("message", "")):
                yield row["line"], message


# Functions that make messages, and their parts that are not messages of their own.
ERRORS = re.compile(r"\b(binder__fail|source_pos__fail|error__refuse|error__set|fault__set|parser__refuse|fail|"
                    rf"slot__refuse|claims__add_failed|http_response__text|xasprintf)\(([^;{{}}\"]*?)({LITERALS.pattern})")
PARTS = ("; did you mean", "a signed integer of", "an unsigned integer of")


def errors():
    for source in sources():
        for function, before, literals in (found.group(1, 2, 3) for found in ERRORS.finditer(source)):
            text = spoken(literals)
            answered = function == "http_response__text" and "200" in before
            if re.search("[a-z]+ [a-z]+", text) and not text.startswith(PARTS) and not answered:
                yield text


def check_messages():
    said = list(messages())
    report("messages are the exporter's", [f"TROUBLESHOOTING.md:{line}: {message}" for line, message
                                           in said if not any(message in text for text in texts())]
           if said else ["there are none"])
    silent, found = [], 0
    for source in sources():
        for call in re.finditer(rf"\blog_(?:warn|error)\(\s*({LITERALS.pattern})", source):
            text = spoken(call[1])
            if text == "...":
                continue
            found += 1
            if not any(message in text for _, message in said):
                silent.append(text)
    report("warnings are explained", silent if found else ["the sources have none"])
    made = list(errors())
    report("errors are explained, each or with its kind",
           [text for text in made if not any(message in text for _, message in said)]
           if len(made) > 150 else [f"only {len(made)} in the sources"])


def check_reasons():
    attached, missed = names("target_reason_names"), names("missed_reason_names")
    told = {}
    for path in documents.documents():
        for heading, rows in documents.tables(path):
            reasons = {reason for row in rows for reason in documents.code(row.get("reason", ""))}
            told.setdefault((path, heading), set()).update(reasons)
    every = set().union(*told.values())
    report("reasons are the exporter's", sorted(every - attached - missed) if every else ["none"])
    for title, want in (("Unattached probes", attached), ("Missed calls", missed)):
        have = told.get((TROUBLE, title), set())
        report(f"{title.lower()}: all reasons", sorted(want ^ have) if want else ["none in the sources"])


def check_metrics():
    want = metric_names()
    examples = "\n".join(text for info in ("promql", "promql native")
                         for _, text in documents.blocks(METRICS, info))
    used = set(re.findall(r"\b(?:retprobe|process)_\w+", examples))
    known = want | {f"{name}_{part}" for name in want for part in ("bucket", "count", "sum")}
    report("each metric has an example",
           sorted(name for name in want
                  if not any(name == re.sub("_(bucket|count|sum)$", "", u) or name == u for u in used))
           if len(want) > 20 else [f"only {len(want)} metrics in the sources"])
    unknown = []
    for path in documents.documents():
        text = path.read_text()
        for word in re.findall(r"(?<![\w:/.-])((?:retprobe|process)_[a-z0-9_]+)(?![\w:/.*-]|\()", text):
            if word not in known and not word.startswith("retprobe_exporter_test") and \
                    word != "retprobe_exporter":
                unknown.append(f"{documents.name_of(path)}: {word}")
    report("metrics are the exporter's", sorted(set(unknown)))


def members(sources, page):
    """The members of JSON objects that sources make, and those that a page explains."""
    made = "".join((documents.ROOT / "exporter" / name).read_text() for name in sources)
    want = set(re.findall(r'(?:json__member|print_quantile)\(b, "(\w+)"|\\"(\w+)\\":', made))
    told = {name for _, rows in documents.tables(documents.ROOT / page) for row in rows
            if "member" in row for name in documents.code(row["member"])}
    return {name for pair in want for name in pair if name}, told


def check_api():
    """Checks that each member of a JSON answer is explained, and no other. Some are explained with the object
    that contains them."""
    for name, page, sources, nested, least in (
            ("the API", "exporter/API.md", [f"pages/{name}.c" for name in ("probes", "counts_json", "history", "in_flight", "samples", "sample_json")],
             {"labels", "run_seconds", "runs"}, 20),
            ("top", "exporter/TOP.md", ["top/json.c"],
             {"above", "at_most", "labels", "outcome", "value", "name", "sum", "unreadable", "out_of_range"}, 15)):
        want, told = members(sources, page)
        report(f"members of {name} are explained",
               sorted(want - nested ^ told) if len(want) > least else ["no members found"])


def check_flags():
    shown = subprocess.run([EXPORTER, "--help"], capture_output=True, text=True, check=True).stdout
    flags = set(re.findall(r"^\s+(?:-\w, )?--(?:\[no-\])?([a-z.-]+)", shown, re.M)) - {"help", "version"}
    rows = next(rows for heading, rows in documents.tables(CONFIGURATION) if heading == "Flags")
    told = {flag for row in rows for flag in re.findall(r"--([a-z.-]+)", row["flag"])}
    report("flags are those of --help", sorted(flags ^ told) if flags else ["--help shows none"])


def check_mechanisms():
    """Checks that each name is wherever such names are listed."""
    array = next(body[1] for source in sources()
                 if (body := re.search(r"config_mechanisms\[\] = {(.*?)}", source, re.S)))
    want = set(re.findall(r'"([\w.]+)"', array)) - {"auto"}
    shown = subprocess.run([EXPORTER, "--help"], capture_output=True, text=True, check=True).stdout
    help_text = re.search(r"--mechanism=.*?(?=\n +--)", shown, re.S)[0]
    manual = (documents.ROOT / "deploy/man/retprobe_exporter.1").read_text()
    listed = {
        "--help": set(re.findall(r"[\w.]+", help_text.replace(",", " ").removesuffix("."))),
        "manual page": set(re.findall(r"^\.BR ([\w.]+)", manual, re.M)),
        "MECHANISMS.md": {name for heading, rows in documents.tables(MECHANISMS) if heading == "Mechanisms"
                      for row in rows for name in documents.code(row["mechanism"])},
    }
    report("mechanisms are those that there are", [f"{where} lacks {name}" for where, have in listed.items()
                                                   for name in sorted(want - have)] if want else ["none"])


def check_libraries():
    """Each linked library is listed as required. Its package is called lib and the name, or the name alone."""
    linked = re.search(r"^LIBS\s*:= (.*)", (documents.ROOT / "Makefile").read_text(), re.M)[1].split()
    needs = re.search(r"the binary needs (.*?):", (documents.ROOT / "deploy/README.md").read_text(), re.S)[1]
    report("libraries are those that are linked",
           [name for name in linked if re.sub("-.*", "", name) not in needs.lower()])


def check_container():
    """The commands in deploy/README.md have exactly the rights of the DaemonSet's pod."""
    done = subprocess.run([sys.executable, "-B", "tests/vm/container_options.py"], capture_output=True,
                          text=True, check=False)
    if "No module named 'yaml'" in done.stderr:
        print("SKIP docs container has the pod's rights: python3-yaml is not here: make deps")
        return
    # The image and the pod have the same user.
    pod = {line.split()[1] for line in done.stdout.splitlines()
           if line.startswith("option ") and "--user=" not in line}
    words = [word for _, text in documents.blocks(documents.ROOT / "deploy/README.md", "sh")
             for word in shlex.split(text.replace("\\\n", " "))]
    rights = {word for word in words
              if re.match("--(cap-|volume=|read-only|security-opt=|user=|pid=|privileged)", word)}
    report("container has the pod's rights", sorted(rights ^ pod) if pod else [done.stderr])


# ---- examples --------------------------------------------------------------------------------------

# The kind of a YAML block by its first key, and its check.
KINDS = {
    "probes": "exporter", "presets": "exporter", "histograms": "exporter", "defaults": "exporter",
    "spans": "exporter",
    "scrape_configs": "prometheus", "rule_files": "prometheus", "global": "prometheus",
    "groups": "rules",
    "route": None,  # for Alertmanager
    "tls_server_config": None,  # tests/e2e/web.sh checks these
}
COMMANDS = {
    "exporter": [EXPORTER, "--config.check", "--config.file"],
    "prometheus": ["promtool", "check", "config", "--syntax-only"],
    "rules": ["promtool", "check", "rules"],
}


def run(command, path, text):
    path.write_text(text)
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines()
            if line.strip() and not line.startswith("Checking")]
    return None if done.returncode == 0 else " ".join(said[-2:])


def can_check(kind):
    """Expressions over parameters need the kernel's types."""
    if kind == "exporter":
        return os.path.exists("/sys/kernel/btf/vmlinux")
    return shutil.which(COMMANDS[kind][0])


def check_yaml(temp):
    wrong, found = [], {}
    for path in documents.documents():
        for line, text in documents.blocks(path, "yaml"):
            where = f"{documents.name_of(path)}:{line}"
            key = re.search(r"^(\w+):", text, re.M)
            kind = KINDS.get(key and key[1], "unknown")
            if kind == "unknown":
                wrong.append(f"{where}: what is this? It begins with {key and key[1]}")
            elif kind:
                found.setdefault(kind, []).append((where, text))
    report("configurations are of a known kind", wrong)
    for kind, command in COMMANDS.items():
        name = f"configurations of {kind} are valid"
        if not can_check(kind):
            print(f"SKIP docs {name}: {'promtool' if kind != 'exporter' else 'BTF'} is not here")
            continue
        failures = [f"{where}: {why}" for where, text in found.get(kind, [])
                    if (why := run(command, temp / "block.yaml", text))]
        report(name, failures if kind in found else ["there is no example"])


def check_promql(temp):
    wrong, found = [], 0
    for path in documents.documents():
        for info in ("promql", "promql native", "promql recipe"):
            for line, text in documents.blocks(path, info):
                for expression in documents.expressions(text):
                    found += 1
                    rule = expression.replace("\n", "\n          ")
                    why = run(COMMANDS["rules"], temp / "rules.yaml", "groups:\n  - name: docs\n"
                              f"    rules:\n      - record: docs\n        expr: |\n          {rule}\n")
                    wrong += [f"{documents.name_of(path)}:{line}: {expression}: {why}"] if why else []
    report("PromQL is valid", wrong if found else ["there is none"])


CLAIM_TEST = re.compile(r"`(tests/[^`]+)`: `([^`]+)`")


def check_claims():
    """Each claim of the threat model names a test that exists: its file, and its name in the file."""
    wrong, found = [], 0
    for heading, rows in documents.tables(SECURITY):
        for row in rows:
            if "claim" not in row:
                continue
            where = f"{SECURITY.name}:{row['line']}"
            tests = CLAIM_TEST.findall(row.get("test", ""))
            found += len(tests)
            if not tests or CLAIM_TEST.sub("", row["test"]).strip("; "):
                wrong.append(f"{where}: no test, or something that is none: {row.get('test')!r}")
            for file, name in tests:
                path = documents.ROOT / file
                if not path.is_file():
                    wrong.append(f"{where}: there is no {file}")
                elif name not in path.read_text():
                    wrong.append(f"{where}: {file} has no {name!r}")
    report("security claims have tests", wrong if found else ["there is none"])


SOURCE = re.compile(r"`([\w./-]+\.(?:c|h|py|sh))`")


def check_sources():
    """Files that documents name exist, in any folder."""
    files = [f"/{path.relative_to(documents.ROOT)}" for folder in ("exporter", "bpf", "dashboards", "deploy", "tests")
             for path in (documents.ROOT / folder).rglob("*") if path.is_file()]
    wrong, found = [], 0
    for path in documents.documents():
        for file in SOURCE.findall(path.read_text()):
            found += 1
            if not any(there.endswith(f"/{file}") for there in files):
                wrong.append(f"{documents.name_of(path)}: there is no {file}")
    report("files are there", wrong if found > 20 else ["documents name none"])


def main():
    print("1..21", flush=True)
    check_claims()
    check_sources()
    check_messages()
    check_reasons()
    check_metrics()
    check_flags()
    check_api()
    check_mechanisms()
    check_libraries()
    check_container()
    with tempfile.TemporaryDirectory() as temp:
        check_yaml(pathlib.Path(temp))
        if shutil.which("promtool"):
            check_promql(pathlib.Path(temp))
        else:
            print("SKIP docs PromQL is valid: promtool is not here: make deps")
    return failed


if __name__ == "__main__":
    os.chdir(documents.ROOT)
    sys.exit(main())
