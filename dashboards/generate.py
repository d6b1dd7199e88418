#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the Grafana dashboards next to it, and what calls.py says into the recording rules; `generate.py
--check` tells whether they are current. expressions.py has what the panels ask, grafana.py how they are
written down.
"""

import json
import pathlib
import re
import sys

import calls
from expressions import (BY, TARGET, UP, WAIT, WHERE, WORK, both, by_container, by_pod, common, error_ratio,
                         errors, functions, histogram_quantile, histograms, mean, missed, missed_ratio, ours,
                         outlier, per_second, quantile, rate, returns, top, top_of)
from grafana import dashboard, graph, heatmap, query, stat, table, target

HERE = pathlib.Path(__file__).parent

FUNCTION = "{{function}}"
WHO = "{{instance}}"
BOTH = WHO + " " + FUNCTION
IN_PROGRESS = ("Average calls in progress (finished calls)",
               "Seconds spent in calls, per second. It counts a call when it returns: while all calls hang, it "
               "is 0.")

# ---- all functions: rate, failures, duration -------------------------------------------------------


def at_a_glance():
    total = f"sum({rate('retprobe_returns_total')})"
    failed = f"({errors(True, '')} or 0 * {total})"
    return [
        stat("Calls", "Calls of the chosen functions that returned, per second.", "ops",
             [target(total, "calls")], 5),
        stat("Failures", "Calls that failed, per second: they returned an error that is not expected.", "ops",
             [target(failed, "failures")], 5),
        stat("Failure ratio", "Share of the calls that failed.", "percentunit",
             [target(f"{failed} / {total}", "ratio")], 5),
        stat("Missed", "Share of the calls that could not be measured. All other panels leave them out.",
             "percentunit", [target(missed_ratio("job"), "{{job}}")], 5,
             limits=(("yellow", 0.001), ("red", 0.01))),
        stat("Not attached", "Probes that could not be attached. The exporter's dashboard says why.", "short",
             [target(f"count(retprobe_probe_attached{{{WHERE}}} == 0) or vector(0)", "probes")], 4,
             limits=(("yellow", 1),)),
    ]


def stands_out():
    each = "instance, " + BY
    latency = histogram_quantile("$quantile", each, where=WORK)
    return [
        graph("Time spent by function", "Seconds spent in calls, per second. Functions that wait for work have "
              "panels of their own below.", "short", both(top_of(10, per_second(where=WORK)), FUNCTION)),
        graph("Latency by function", "The chosen quantile of the time from entry to return, without functions "
              "that wait for work.", "s",
              both(top_of(15, histogram_quantile("$quantile", where=WORK)), FUNCTION)),
        graph("Failure ratio by function", "Share of each function's calls that failed. Expected errors have a "
              "panel of their own below.", "percentunit", [target(top(10, error_ratio()), FUNCTION)]),
        graph("Latency against the other instances", "The chosen quantile of a function on one instance, divided "
              "by the median over all instances: 1 is like the others.", "short",
              both(top_of(10, outlier(latency, BY)), BOTH), 12),
        graph("Failure ratio by instance", "Share of a function's calls that failed on one instance: the ten "
              "highest.", "percentunit", [target(top(10, error_ratio(by=each)), BOTH)], 12),
    ]


def functions_table(title, description, where):
    columns = {"time spent": "short", "calls/s": "ops", "failure ratio": "percentunit", "mean": "s",
               "quantile": "s"}
    form = {"instant": True, "form": "table"}
    return table(
        title, description,
        [*both(per_second(where=where), "", name="time spent", **form),
         target(returns(where=where), name="calls/s", **form),
         target(error_ratio(where=where), name="failure ratio", **form),
         *both(mean(where=where), "", name="mean", **form),
         *both(histogram_quantile("$quantile", where=where), "", name="quantile", **form)],
        columns, sort="time spent")


def overview():
    return dashboard(
        "retprobe-overview", "retprobe / Overview",
        "Which of the probed functions take the time, fail, or behave differently on one instance.",
        common(*functions(), quantile(), histograms()),
        [
            ("All of them", at_a_glance()),
            ("What stands out", stands_out()),
            ("Calls and failures", [
                graph("Calls by function", "Calls that returned, per second: the 15 functions that are called "
                      "most.", "ops", [target(top(15, returns()), FUNCTION)], 6),
                graph("Failures by function", "Calls that failed, per second.", "ops",
                      [target(top(15, errors(True)), FUNCTION)], 6),
                graph("Failures by code", "The same by error code, over all functions.", "ops",
                      [target(top(15, errors(True, "value")), "{{value}}")], 6),
                graph("NULL by function", "Calls that returned a null pointer, per second: not found, or no "
                      "memory.", "ops", [target(top(15, returns(more='outcome="null"')), FUNCTION)], 6),
            ]),
            ("Normal: waiting for work, and expected errors", [
                graph("Time waiting by function", "Seconds spent per second in functions that wait for work. It "
                      "grows when there is less to do.", "short",
                      both(top_of(15, per_second(where=WAIT)), FUNCTION)),
                graph("Waits by function", "The chosen quantile of the time that functions waited for work.", "s",
                      both(top_of(15, histogram_quantile("$quantile", where=WAIT)), FUNCTION)),
                graph("Expected errors", "Errors that are part of normal work, per second: nothing to read yet "
                      "(EAGAIN), a file that is searched for (ENOENT), ...", "ops",
                      [target(top(15, errors(False, "function, value")), "{{function}} {{value}}")]),
            ]),
            ("One by one", [
                functions_table("Functions", "All chosen functions that do not wait for work. `quantile` is the "
                                "one chosen above; `time spent` is in seconds per second.", WORK),
                functions_table("Functions that wait for work", "The same for the others.", WAIT),
            ]),
        ])


# ---- one function in depth -------------------------------------------------------------------------


def by_pods():
    pod = "{{namespace}}/{{pod}}"
    inside, where = 'pod_uid!=""', WHERE + ', pod_uid!=""'
    slowest = histogram_quantile("0.99", "pod_uid", where=where)
    return [
        graph("Calls by pod", "Calls a second, of a probe with the label `pod_uid`. Names are from "
              "kube-state-metrics; a pod that it does not know has its UID.", "ops",
              [target(top(15, by_pod(returns("pod_uid", inside))), pod)], 12),
        graph("Failure ratio by pod", "Share of each pod's calls that failed.",
              "percentunit", [target(top(15, by_pod(error_ratio(by="pod_uid", where=where))), pod)], 12),
        graph("p99 by pod", "One call in a hundred takes this long or longer.", "s",
              both(top_of(15, lambda native: by_pod(slowest(native))), pod), 12),
        graph("Calls by container", "Calls a second, of a probe with the label `container_id`.",
              "ops",
              [target(top(15, by_container(returns("container_id", 'container_id!=""'))),
                      pod + "/{{container}}")], 12),
    ]


def function():
    sizes = "retprobe_return_size_bytes"
    observed = "retprobe_observed"
    labels = query("by", "By label", "label_names(retprobe_returns_total)", multi=False,
                   everything=False,
                   regex="/^(?!(__.*|le|quantile|job|instance|object|function)$).*/")
    labels["current"] = {"selected": True, "text": "outcome", "value": "outcome"}
    return dashboard(
        "retprobe-function", "retprobe / Function",
        "One function: what it returns, how long it takes, how that is spread, and by which label.",
        common(*functions(one=True), labels, histograms()),
        [
            ("At a glance", [
                stat("Calls", "Calls that returned, per second.", "ops",
                     [target(returns(), FUNCTION)], 4),
                stat("Failure ratio", "Share of the calls that failed: they returned an error that is not "
                     "expected.", "percentunit", [target(error_ratio(), FUNCTION)], 4),
                stat("Expected errors", "Share of the calls that returned an error which is part of normal work.",
                     "percentunit", [target(error_ratio(False), FUNCTION)], 4),
                stat("Median", "Half of the calls take no longer.", "s",
                     both(histogram_quantile("0.5"), FUNCTION), 4),
                stat(*IN_PROGRESS, "short", both(per_second(), FUNCTION), 8),
            ]),
            ("Duration", [
                heatmap("Duration, classic histogram", "How many calls took how long, from the "
                        "classic buckets.", "s",
                        [target("sum by (le) (increase(retprobe_duration_seconds_bucket"
                                f"{{{WHERE}}}[$__rate_interval]))", "{{le}}", form="heatmap")]),
                heatmap("Duration, native histogram", "The same from the native histogram, whose "
                        "buckets are finer. Empty unless Prometheus scrapes native histograms.",
                        "s",
                        [target("sum(increase(retprobe_duration_seconds"
                                f"{{{WHERE}}}[$__rate_interval]))", "{{le}}", form="heatmap")]),
                graph("Quantiles", "Time from entry to return.", "s",
                      [t for q, name in (("0.5", "p50"), ("0.9", "p90"), ("0.99", "p99"),
                                         ("0.999", "p99.9"))
                       for t in both(histogram_quantile(q), name)], 12),
                graph("Mean", "Mean time from entry to return, by instance.", "s",
                      both(mean("instance"), "{{instance}}"), 12),
            ]),
            ("Results", [
                graph("Calls by outcome", "Calls by the outcome that their result stands for.",
                      "ops", [target(returns("outcome"), "{{outcome}}")], stack=True),
                graph("Errors by code", "Calls that returned an error, by its name.", "ops",
                      [target(returns("value", 'outcome="error"'), "{{value}}")], stack=True),
                graph("All results", "Calls by result, a second.", "ops",
                      [target(returns("outcome, value"), "{{outcome}} {{value}}")]),
                graph("Size of results", "Quantiles of positive results, of functions probed with "
                      "`returns: size`.", "bytes",
                      [target(histogram_quantile(q, metric=sizes)(False), name)
                       for q, name in (("0.5", "p50"), ("0.99", "p99"))], 12),
                graph("Observed values", "Medians of what `observe` of the probe names.", "short",
                      [target(histogram_quantile("0.5", BY + ", name", observed)(False),
                              "{{name}}")], 12),
            ]),
            ("By label", [
                graph("Calls by $by", "Calls a second by the label chosen above: one of the "
                      "probe's own, or outcome or value.", "ops",
                      [target(top(15, returns("$by")), "{{$by}}")]),
                graph("Median by $by", "Durations do not have outcome and value: by these, it is "
                      "one line.", "s",
                      both(top_of(15, histogram_quantile("0.5", "$by")), "{{$by}}")),
                graph("Time spent by $by", "Seconds spent in calls per second, by the same label.", "short",
                      both(top_of(15, per_second("$by")), "{{$by}}")),
            ]),
            ("By pod", by_pods()),
        ])


# ---- the fleet: which node is the outlier ----------------------------------------------------------


def fleet():
    by = "instance"
    columns = {"calls/s": "ops", "failure ratio": "percentunit", "quantile": "s",
               "of the median": "short", "missed": "percentunit"}
    at_quantile = histogram_quantile("$quantile", by, where=WORK)
    called = returns(by)
    return dashboard(
        "retprobe-fleet", "retprobe / Fleet",
        "The same functions on many machines: which of them is unlike the others.",
        common(*functions(), quantile(), histograms()),
        [
            ("The fleet", [
                stat("Instances", "Exporters that answer.", "short",
                     [target(f"sum({UP})", "up")], 6),
                stat("Silent", "Exporters that do not answer.", "short",
                     [target(f"count({UP} == 0) or 0 * count({UP})", "down")], 6,
                     limits=(("red", 1),)),
                stat("Calls", "Calls of the chosen functions on all instances, a second.", "ops",
                     [target(f"sum({rate('retprobe_returns_total')})", "calls")], 6),
                stat("Duration", "The chosen quantile over all instances, without functions that wait for work.",
                     "s", both(histogram_quantile("$quantile", "job", where=WORK), "{{job}}"), 6),
            ]),
            ("Outliers", [
                graph("Duration against the median", "The chosen quantile of each instance, "
                      "divided by the median over instances: 1 is like the others. Functions that "
                      "wait for work are left out.", "short",
                      both(top_of(10, outlier(at_quantile)), WHO), 12),
                graph("Calls against the median", "Calls a second of each instance, divided by the "
                      "median over instances.", "short",
                      [target(top(10, outlier(lambda _: called)(False)), WHO)], 12),
                graph("Failure ratio", "Share of each instance's calls that failed: the ten highest.",
                      "percentunit", [target(top(10, error_ratio(by=by)), WHO)]),
                graph("Duration", "The chosen quantile, the ten slowest instances.", "s",
                      both(top_of(10, at_quantile), WHO)),
                graph("Missed", "Of each instance's calls, those that could not be measured.",
                      "percentunit", [target(top(10, missed_ratio(by)), WHO)]),
            ]),
            ("All of them", [
                table("Instances", "One row for each exporter. `of the median` is the quantile "
                      "divided by the fleet's median.",
                      [target(called, instant=True, form="table", name="calls/s"),
                       target(error_ratio(by=by), instant=True, form="table", name="failure ratio"),
                       *both(at_quantile, "", instant=True, form="table", name="quantile"),
                       *both(outlier(at_quantile), "", instant=True, form="table",
                             name="of the median"),
                       target(missed_ratio(by), instant=True, form="table", name="missed")],
                      columns, sort="of the median"),
            ]),
        ])


# ---- the exporter itself ---------------------------------------------------------------------------


def self_gauge(name):
    return f"{name}{{{TARGET}}}"


def exporter():
    programs = "retprobe_exporter_bpf_run_seconds_total"
    runs = "retprobe_exporter_bpf_runs_total"
    not_attached = f"{self_gauge('retprobe_probe_attached')} == 0"
    by_mechanism = "sum by (mechanism) ({})"
    return dashboard(
        "retprobe-exporter", "retprobe / Exporter",
        "The exporter itself: what is attached, what is missed, what it costs.",
        common(),
        [
            ("Health", [
                stat("Up", "Whether the last scrape succeeded.", "bool_yes_no",
                     [target(UP, WHO)], limits=(("green", 1),), base="red"),
                stat("Attached", "Probes that are attached.", "short",
                     [target(f"sum({self_gauge('retprobe_probe_attached')})", "attached")]),
                stat("Not attached", "Probes that are not; the table below says why.", "short",
                     [target(f"count({not_attached}) or vector(0)", "not attached")],
                     limits=(("yellow", 1),)),
                stat("Missed", "Of all calls, those that could not be measured.", "percentunit",
                     [target(missed_ratio("job"), "{{job}}")],
                     limits=(("yellow", 0.001), ("red", 0.01))),
                stat("Reload", "Whether the configuration was read when it was last asked for.",
                     "bool_yes_no",
                     [target(self_gauge("retprobe_exporter_config_last_reload_successful"), WHO)],
                     limits=(("green", 1),), base="orange"),
                stat("Running for", "Since the exporter started.", "s",
                     [target("time() - " + ours(self_gauge("process_start_time_seconds")), WHO)]),
            ]),
            ("Probes", [
                graph("Probes by mechanism", "What attached them.", "short",
                      [target(f"count by (mechanism) ({self_gauge('retprobe_probe_info')})",
                              "{{mechanism}}")], stack=True),
                graph("Missed calls by reason", "Calls that are in no other number, a second.",
                      "ops", [target(missed("reason"), "{{reason}}")], stack=True),
                graph("Missed by function", "The same by function: the 15 that miss most. "
                      "_all stands for functions that share a program.", "ops",
                      [target(top(15, missed(BY)), FUNCTION)]),
                graph("Label sets", "How full the label sets of each probe with labels are. At 1, "
                      "further values are counted as _other.", "percentunit",
                      [target(top(15, f"max by ({BY}) ({self_gauge('retprobe_label_sets')} / "
                                      f"{self_gauge('retprobe_label_sets_limit')})"), FUNCTION)],
                      12, defaults={"max": 1}),
                table("Not attached", "Probes that are not attached, and why.",
                      [target(f"count by (object, function, reason) ({not_attached})",
                              instant=True, form="table", name="instances")],
                      {"instances": "short"}, width=12, height=9),
            ]),
            ("Cost", [
                graph("CPU of the programs", "CPU-seconds a second spent in the programs that "
                      "measure, all CPUs together. Needs kernel.bpf_stats_enabled=1.",
                      "percentunit",
                      [target(by_mechanism.format(rate(programs, TARGET)), "{{mechanism}}")]),
                graph("Time of a program", "Mean time of one run of a program: a call takes two.",
                      "s",
                      [target(by_mechanism.format(rate(programs, TARGET)) + " / " +
                              by_mechanism.format(rate(runs, TARGET)), "{{mechanism}}")]),
                graph("CPU of the exporter", "CPU-seconds a second of its process.", "percentunit",
                      [target(ours(rate("process_cpu_seconds_total", TARGET)), WHO)]),
                graph("Memory", "Resident memory of its process, and the cells that the kernel "
                      "counts in, which are part of it.", "bytes",
                      [target(ours(self_gauge("process_resident_memory_bytes")),
                              WHO + " resident"),
                       target(self_gauge("retprobe_exporter_cell_bytes"), WHO + " cells")]),
                graph("File descriptors", "Of those that it may have.", "percentunit",
                      [target(ours(f"{self_gauge('process_open_fds')} / "
                                   f"{self_gauge('process_max_fds')}"), WHO)]),
                graph("Threads", "Threads of its process.", "short",
                      [target(ours(self_gauge("process_threads")), WHO)]),
            ]),
            ("Scrapes", [
                graph("Duration of scrapes", "As the exporter and as Prometheus see it.", "s",
                      [target(self_gauge("retprobe_exporter_scrape_duration_seconds"),
                              WHO + " exporter"),
                       target(ours(self_gauge("scrape_duration_seconds")), WHO + " Prometheus")]),
                graph("Samples of a scrape", "What Prometheus stores each time.", "short",
                      [target(ours(self_gauge("scrape_samples_scraped")), WHO)]),
                graph("Requests by status", "HTTP requests answered, a second.", "reqps",
                      [target("sum by (code) "
                              f"({rate('retprobe_exporter_http_requests_total', TARGET)})",
                              "{{code}}")], stack=True),
                table("Versions", "What runs where.",
                      [target(f"count by (version, revision, libbpf) "
                              f"({self_gauge('retprobe_exporter_build_info')})",
                              instant=True, form="table", name="instances")],
                      {"instances": "short"}, height=6),
            ]),
        ])


# ---- files -----------------------------------------------------------------------------------------

DASHBOARDS = (overview, function, fleet, exporter)


RULES = "retprobe.rules.yaml"


def rules():
    """The recording rules, with the regular expressions of calls.py in their marked places."""
    text = (HERE / RULES).read_text()
    for mark, expression in (("waits", calls.waits()), ("expected", calls.errors(calls.EXPECTED)),
                             ("unexpected", calls.errors(calls.UNEXPECTED))):
        text, places = re.subn(f'"[^"]*"(?=  # {mark}$)', f'"{expression}"', text, flags=re.M)
        if not places:
            sys.exit(f"{RULES} has no place that is marked # {mark}")
    return text


def rendered():
    """File name and text of each."""
    for make in DASHBOARDS:
        made = make()
        yield made["uid"] + ".json", json.dumps(made, indent=2) + "\n"
    yield RULES, rules()


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit("usage: generate.py [--check]")
    stale = []
    for name, text in rendered():
        path = HERE / name
        if arguments and (not path.exists() or path.read_text() != text):
            stale.append(name)
        elif not arguments:
            path.write_text(text)
    if stale:
        sys.exit("not what generate.py makes: " + ", ".join(stale) + "; run it, and commit these")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(sys.argv[1:])
