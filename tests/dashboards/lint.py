#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks dashboards by the rules of Grafana's dashboard-linter: lint.py DASHBOARD.json...

Prints `ok dashboards RULE` or `not ok dashboards RULE: findings` per rule. Each rule is also tried on a
dashboard that breaks it. promtool checks the PromQL.
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

UNITS = {"none", "short", "percent", "percentunit", "bytes", "decbytes", "Bps", "binBps", "s", "ms",
         "µs", "ns", "ops", "reqps", "rps", "cps", "iops", "pps", "bool", "bool_yes_no",
         "bool_on_off", "dateTimeAsIso", "dateTimeFromNow", "dtdurations", "hertz"}
WITH_UNIT = {"stat", "table", "timeseries", "gauge", "heatmap"}

# Values for the variables of a dashboard, where an expression must parse.
SAMPLE = {"__rate_interval": "1m", "histograms": "1", "quantile": "0.99", "by": "outcome", "waits": "x",
          "expected": "x", "unexpected": "x"}

SELECTOR = re.compile(r"\b([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
METRIC = re.compile(r"\b((?:retprobe|process|scrape)_\w+|up)\b(?!\{)")
RANGE = re.compile(r"\[([^]]*)\]")
RATED = re.compile(r"\b(?:rate|irate|increase)\(\w+\{[^}]*\}\[")


def variables(dashboard, kind=None):
    found = dashboard["templating"]["list"]
    return [v for v in found if kind is None or v["type"] == kind]


def panels(dashboard):
    return [p for p in dashboard["panels"] if p["type"] != "row"]


def expressions(dashboard):
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield f"{panel['title']}/{target['refId']}", target["expr"]


def substituted(expr):
    for name, value in SAMPLE.items():
        expr = expr.replace("$" + name, value)
    return expr


# ---- the rules: each yields its findings -------------------------------------------------------------


def template_datasource(d):
    found = variables(d, "datasource")
    if len(found) != 1:
        yield f"{len(found)} data source variables, not one"
    for v in found:
        if (v["name"], v["label"], v["query"]) != ("datasource", "Data source", "prometheus"):
            yield f"the data source variable is {v['name']} ({v['label']}) of {v['query']}"


def template_named(name):
    def rule(d):
        found = [v for v in variables(d, "query") if v["name"] == name]
        if not found:
            yield f"no variable {name}"
        for v in found:
            if not v["multi"] or v["allValue"] != ".+" or not v["includeAll"]:
                yield f"{name} is to take several values, and .+ for all"
            if v["datasource"]["uid"] != "$datasource":
                yield f"{name} does not use $datasource"
    return rule


def template_reload(d):
    for v in variables(d, "query"):
        if v["refresh"] != 2:
            yield f"{v['name']} is not asked for again when the time range changes"


def template_promql(d):
    for v in variables(d, "query"):
        text = v["query"]["query"]
        if not re.fullmatch(r"label_values\(\w+(\{.*\})?, \w+\)|label_names\(\w+\)", text):
            yield f"{v['name']}: {text}"


def panel_datasource(d):
    for p in panels(d):
        for part in (p, *p["targets"]):
            if part["datasource"] != {"type": "prometheus", "uid": "$datasource"}:
                yield f"{p['title']}: {part['datasource']}"


def panel_title_description(d):
    for p in panels(d):
        if not p["title"].strip() or not p["description"].strip():
            yield f"panel {p['id']} ({p['title']})"


def panel_units(d):
    for p in panels(d):
        overrides = [x["value"] for o in p["fieldConfig"]["overrides"] for x in o["properties"]
                     if x["id"] == "unit"]
        for unit in (p["fieldConfig"]["defaults"].get("unit"), *overrides):
            if p["type"] in WITH_UNIT and unit not in UNITS:
                yield f"{p['title']}: {unit}"


def panel_no_targets(d):
    for p in panels(d):
        if not p["targets"]:
            yield p["title"]


def target_promql(d):
    """All at once: a rule file with one rule per expression."""
    wanted = list(expressions(d))
    rules = [{"record": f"lint:{i}", "expr": substituted(e)} for i, (_, e) in enumerate(wanted)]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        # JSON is YAML.
        json.dump({"groups": [{"name": "lint", "rules": rules}]}, f)
        f.flush()
        done = subprocess.run(["promtool", "check", "rules", f.name], capture_output=True, text=True)
    if done.returncode:
        yield (done.stderr or done.stdout).replace("\n", " ")
    for where, expr in wanted:
        if "$" in re.sub(r"\$(job|instance|object|function|probe|1)\b", "", substituted(expr)):
            yield f"{where}: an unknown variable in {expr}"


def target_matchers(label):
    def rule(d):
        for where, expr in expressions(d):
            for metric, matchers in SELECTOR.findall(expr):
                # kube-state-metrics has its own job and instances.
                if not metric.startswith("kube_") and f'{label}=~"${label}"' not in matchers:
                    yield f"{where}: {metric} without {label}"
            for metric in METRIC.findall(expr):
                yield f"{where}: {metric} without any matcher"
    return rule


def target_rate_interval(d):
    for where, expr in expressions(d):
        for found in RANGE.findall(expr):
            if found != "$__rate_interval":
                yield f"{where}: [{found}]"


def target_counter_agg(d):
    for where, expr in expressions(d):
        if "_total{" in RATED.sub("", expr):
            yield f"{where}: a counter that is not rated"


def uneditable(d):
    if d["editable"] is not False:
        yield "it can be edited"


def layout(d):
    """Not a rule of the linter: ids are unique, and panels do not overlap."""
    ids = [p["id"] for p in d["panels"]]
    if len(ids) != len(set(ids)):
        yield "ids are not unique"
    taken = {}
    for p in d["panels"]:
        g = p["gridPos"]
        if g["x"] + g["w"] > 24:
            yield f"{p['title']} is outside of the grid"
        for cell in ((x, y) for x in range(g["x"], g["x"] + g["w"])
                     for y in range(g["y"], g["y"] + g["h"])):
            if taken.setdefault(cell, p["id"]) != p["id"]:
                yield f"{p['title']} covers panel {taken[cell]}"
                break


# ---- each rule finds what breaks it -----------------------------------------------------------------


def first_panel(d):
    return panels(d)[0]


def set_expr(expr):
    def breaks(d):
        first_panel(d)["targets"][0]["expr"] = expr
    return breaks


GOOD = 'job=~"$job", instance=~"$instance"'

# name: the rule, and a change that breaks it.
RULES = {
    "template-datasource-rule": (
        template_datasource, lambda d: variables(d, "datasource")[0].update(name="prom")),
    "template-job-rule": (
        template_named("job"), lambda d: variables(d, "query")[0].update(allValue=None)),
    "template-instance-rule": (
        template_named("instance"), lambda d: variables(d, "query")[1].update(name="node")),
    "template-on-time-change-reload-rule": (
        template_reload, lambda d: variables(d, "query")[0].update(refresh=1)),
    "template-label-promql-rule": (
        template_promql, lambda d: variables(d, "query")[0]["query"].update(query="label_values(")),
    "panel-datasource-rule": (
        panel_datasource, lambda d: first_panel(d)["targets"][0].update(datasource={"uid": "x"})),
    "panel-title-description-rule": (
        panel_title_description, lambda d: first_panel(d).update(description=" ")),
    "panel-units-rule": (
        panel_units, lambda d: first_panel(d)["fieldConfig"]["defaults"].update(unit="furlong")),
    "panel-no-targets-rule": (panel_no_targets, lambda d: first_panel(d).update(targets=[])),
    "target-promql-rule": (target_promql, set_expr("sum(up{)")),
    "target-job-rule": (target_matchers("job"), set_expr('up{instance=~"$instance"}')),
    "target-instance-rule": (target_matchers("instance"), set_expr("sum(up)")),
    "target-rate-interval-rule": (target_rate_interval, set_expr(f"rate(x_total{{{GOOD}}}[5m])")),
    "target-counter-agg-rule": (target_counter_agg, set_expr(f"sum(x_total{{{GOOD}}})")),
    "uneditable-dashboard": (uneditable, lambda d: d.update(editable=True)),
    "layout": (layout, lambda d: panels(d)[1]["gridPos"].update(panels(d)[0]["gridPos"])),
}


def main(paths):
    dashboards = [json.loads(pathlib.Path(p).read_text()) for p in paths]
    if not dashboards:
        sys.exit("usage: lint.py DASHBOARD.json...")
    failed = False
    print(f"1..{len(RULES)}")
    for name, (rule, breaks) in RULES.items():
        findings = [f"{d['title']}: {finding}" for d in dashboards for finding in rule(d)]
        broken = copy.deepcopy(dashboards[0])
        breaks(broken)
        if not list(rule(broken)):
            findings.append("it did not find what was broken for it")
        failed |= bool(findings)
        print(f"not ok dashboards {name}: {'; '.join(findings)}" if findings
              else f"ok dashboards {name}")
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
