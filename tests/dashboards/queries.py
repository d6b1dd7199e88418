#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs all queries of the dashboards and the recording rules against a Prometheus, and expects data:
queries.py classic|native URL SECONDS DASHBOARD.json|DOCUMENT.md...

Prints a verdict per dashboard for its panels and its variables, and per document for its PromQL examples. Two
more verdicts: panels only show the exporter's own job, and the rules have data. Queries without data are
repeated for SECONDS.
"""

import json
import math
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dashboards"), str(ROOT / "tests/docs")]
import calls  # pylint: disable=wrong-import-position
import documents  # pylint: disable=wrong-import-position

# The value of `All` in Grafana.
VALUES = {"__rate_interval": "30s", "quantile": "0.5", "job": ".+", "instance": ".+",
          "object": ".+", "function": ".+", "probe": ".*", "by": "comm", "waits": calls.waits(),
          "expected": calls.errors(calls.EXPECTED), "unexpected": calls.errors(calls.UNEXPECTED)}
JOB = "retprobe"
# Examples use classic histograms, unless they say otherwise.
EXAMPLES = {"classic": "promql", "native": "promql native"}
NATIVE = re.compile(r"\$histograms \* -Inf|increase\(retprobe_duration_seconds\{")
CLASSIC = re.compile(r"\$histograms \* Inf|increase\(retprobe_duration_seconds_bucket\{")


class Prometheus:
    def __init__(self, url):
        self.url = url

    def get(self, path, **arguments):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as e:
            raise SystemExit(f"not ok {path}: {arguments}: {e.read().decode()}") from e

    def has_data(self, expr):
        """A value that can be drawn: a number, or a native histogram."""
        for found in self.get("query", query=expr)["result"]:
            if "histogram" in found or not math.isnan(float(found["value"][1])):
                return True
        return False

    def at(self, moment, expr):
        """{labels: value}. For a native histogram, only its presence counts."""
        return {frozenset(found["metric"].items()): float(found.get("value", (0, "NaN"))[1])
                for found in self.get("query", query=expr, time=moment)["result"]}

    def has_values(self, query):
        """The values of a dashboard variable."""
        names = re.fullmatch(r"label_names\((\w+)\)", query)
        if names:
            return "outcome" in self.get("labels", **{"match[]": names[1]})
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        return bool(self.get(f"label/{label}/values", **{"match[]": selector}))


def filled_in(expr, kind, **values):
    values = {**VALUES, "histograms": "-1" if kind == "native" else "1", **values}
    return re.sub(r"\$([a-z_]+)", lambda found: values[found[1]], expr)


def wanted(expr, kind):
    """An expression over the other kind of histogram must have no data here."""
    if NATIVE.search(expr):
        return kind == "native"
    if CLASSIC.search(expr):
        return kind == "classic"
    return True


def expressions(dashboard, kind, **values):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            if wanted(target["expr"], kind):
                yield filled_in(target["expr"], kind, **values), f"{panel['title']}/{target['refId']}"


def variables(dashboard, kind):
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield filled_in(variable["query"]["query"], kind), variable["name"]


def examples(path, kind):
    for line, text in documents.blocks(path, EXAMPLES[kind]):
        for expr in documents.expressions(text):
            yield expr, f"line {line}"


def all_rules(prometheus):
    return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]


def recorded(prometheus, kind):
    return [(rule["name"], "record") for rule in all_rules(prometheus)
            if rule["type"] == "recording" and (kind == "classic" or "_bucket" not in rule["name"])]


def ask(name, asks, questions, deadline):
    """questions: [(what, where)]. Repeats all that have no answer yet."""
    left = list(questions)
    total = len(left)
    while left:
        left = [(what, where) for what, where in left if not asks(what)]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(3)  # Prometheus takes a second for hundreds of queries
    if not total:
        print(f"not ok {name}: there is nothing to ask")
    elif left:
        print(f"not ok {name}: {len(left)} of {total} have no data: " +
              "; ".join(f"{where}: {what}" for what, where in left))
    else:
        print(f"ok {name}: {total} expressions have data")


def same(left, right):
    return left.keys() == right.keys() and all(
        math.isclose(value, right[labels], rel_tol=1e-9) or math.isnan(value) and math.isnan(right[labels])
        for labels, value in left.items())


def different(kind, prometheus, dashboards):
    """Yields the panels that show other data for all jobs than for ours, at one moment."""
    moment = time.time()
    time.sleep(2)  # all scrapes up to this time are stored
    for dashboard in dashboards:
        for (everything, where), (ours, _) in zip(expressions(dashboard, kind),
                                                  expressions(dashboard, kind, job=JOB)):
            drawn = prometheus.at(moment, everything)
            if not drawn or not same(drawn, prometheus.at(moment, ours)):
                yield where


def others(kind, prometheus, dashboards):
    """Panels show the same for all jobs as for ours: Prometheus also scrapes other exporters."""
    for _ in range(5):  # a busy machine sometimes loses a scrape, or stores it late
        differ = list(different(kind, prometheus, dashboards))
        if not differ:
            break
    jobs = prometheus.get("label/job/values")
    if jobs == [JOB]:
        differ.append("there is no other job")
    name = f"{kind}: of all jobs, only ours are drawn"
    print(f"not ok {name}: {'; '.join(differ)}" if differ else f"ok {name}")


def rules(kind, prometheus, deadline):
    ask(f"{kind}: recording rules", prometheus.has_data, recorded(prometheus, kind), deadline)
    errors = [f"{r['name']}: {r['lastError']}" for r in all_rules(prometheus) if r.get("lastError")]
    print(f"not ok {kind}: rules evaluate: {'; '.join(errors)}" if errors
          else f"ok {kind}: rules evaluate")
    # One function does not exist. Its alert waits ten minutes.
    ask(f"{kind}: an alert sees what is wrong", prometheus.has_data,
        [('ALERTS{alertname="RetprobeProbeNotAttached"}', "alert")], deadline)


def main(kind, url, seconds, *paths):
    prometheus, deadline = Prometheus(url), time.monotonic() + float(seconds)
    dashboards = []
    paths = [pathlib.Path(path) for path in paths]
    documents = {path: asked for path in paths if path.suffix == ".md"
                 if (asked := list(examples(path, kind))) or kind == "classic"}
    boards = [path for path in paths if path.suffix != ".md"]
    print(f"1..{len(documents) + 2 * len(boards) + 4}", flush=True)
    for path, asked in documents.items():
        ask(f"{kind} {path}", prometheus.has_data, asked, deadline)
    for path in boards:
        dashboard = json.loads(path.read_text())
        dashboards.append(dashboard)
        name = f"{kind} {dashboard['title']}"
        ask(f"{name}: panels", prometheus.has_data, expressions(dashboard, kind), deadline)
        ask(f"{name}: variables", prometheus.has_values, variables(dashboard, kind), deadline)
    others(kind, prometheus, dashboards)
    rules(kind, prometheus, deadline)


if __name__ == "__main__":
    main(*sys.argv[1:])
