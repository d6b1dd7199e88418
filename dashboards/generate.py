#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the Grafana dashboards to this directory, and the lists of calls.py into the recording rules.
`generate.py --check` checks that they are current. expressions.py has the PromQL, grafana.py the JSON.
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

FUNCTION = "{{function}} {{probe}}"
WHO = "{{instance}}"
BOTH = WHO + " " + FUNCTION
IN_PROGRESS = ("Average calls in progress (finished calls)",
               "Seconds spent in calls, per second. A call counts when it returns: while all calls hang, this "
               "is 0.")

# ---- all functions: rate, failures, duration -------------------------------------------------------


def at_a_glance():
    total = returns("")
    failed = f"({errors(True, '')} or 0 * {total})"
    return [
        stat("Calls", "Returned calls of the selected functions, per second.", "ops",
             [target(total, "calls")], 5),
        stat("Failures", "Failed calls per second: they returned an unexpected error.", "ops",
             [target(failed, "failures")], 5),
        stat("Failure ratio", "Ratio of calls that failed.", "percentunit",
             [target(f"{failed} / {total}", "ratio")], 5),
        stat("Missed", "Ratio of calls that could not be measured. All other panels exclude them.",
             "percentunit", [target(missed_ratio("job"), "{{job}}")], 5,
             limits=(("yellow", 0.001), ("red", 0.01))),
        stat("Not attached", "Probes that could not be attached. The Exporter dashboard has the reasons.", "short",
             [target(f"count(retprobe_probe_attached{{{WHERE}}} == 0) or vector(0)", "probes")], 4,
             limits=(("yellow", 1),)),
    ]


def outliers():
    each = "instance, " + BY
    latency = histogram_quantile("$quantile", each, where=WORK)
    return [
        graph("Time spent by function", "Seconds spent in calls, per second. Functions that wait for work have "
              "their own panels below.", "short", both(top_of(10, per_second(where=WORK)), FUNCTION)),
        graph("Latency by function", "The selected quantile of the time from entry to return, without functions "
              "that wait for work.", "s",
              both(top_of(15, histogram_quantile("$quantile", where=WORK)), FUNCTION)),
        graph("Failure ratio by function", "Ratio of each function's calls that failed. Expected errors have their "
              "own panel below.", "percentunit", [target(top(10, error_ratio()), FUNCTION)]),
        graph("Latency against the other instances", "The selected quantile of a function on one instance, divided "
              "by the median over all instances. 1 means normal.", "short",
              both(top_of(10, outlier(latency, BY)), BOTH), 12),
        graph("Failure ratio by instance", "Ratio of a function's calls that failed on one instance: the ten "
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
        "Which functions take the most time, fail, or differ on one instance.",
        common(*functions(), quantile(), histograms()),
        [
            ("At a glance", at_a_glance()),
            ("Outliers", outliers()),
            ("Calls and failures", [
                graph("Calls by function", "Returned calls per second: the 15 functions with the most calls.", "ops", [target(top(15, returns()), FUNCTION)], 6),
                graph("Failures by function", "Failed calls per second.", "ops",
                      [target(top(15, errors(True)), FUNCTION)], 6),
                graph("Failures by code", "Failed calls per second by error code, over all functions.", "ops",
                      [target(top(15, errors(True, "value")), "{{value}}")], 6),
                graph("NULL by function", "Calls per second that returned a null pointer: not found, or out of "
                      "memory.", "ops", [target(top(15, returns(more='outcome="null"')), FUNCTION)], 6),
            ]),
            ("Normal: waits for work, and expected errors", [
                graph("Time waiting by function", "Seconds spent in functions that wait for work, per second. This "
                      "grows when there is less work.", "short",
                      both(top_of(15, per_second(where=WAIT)), FUNCTION)),
                graph("Waits by function", "The selected quantile of the time that functions wait for work.", "s",
                      both(top_of(15, histogram_quantile("$quantile", where=WAIT)), FUNCTION)),
                graph("Expected errors", "Errors of normal operation, per second: nothing to read yet "
                      "(EAGAIN), a file in a search path (ENOENT), ...", "ops",
                      [target(top(15, errors(False, "function, value")), "{{function}} {{value}}")]),
            ]),
            ("Details", [
                functions_table("Functions", "All selected functions that do not wait for work. `quantile` is "
                                "selected above. `time spent` is in seconds per second.", WORK),
                functions_table("Functions that wait for work", "The same columns for these functions.", WAIT),
            ]),
        ])


# ---- one function in depth -------------------------------------------------------------------------


def by_pods():
    pod = "{{namespace}}/{{pod}}"
    inside, where = 'pod_uid!=""', WHERE + ', pod_uid!=""'
    slowest = histogram_quantile("0.99", "pod_uid", where=where)
    return [
        graph("Calls by pod", "Calls per second, for probes with the label `pod_uid`. Names come from "
              "kube-state-metrics. An unknown pod is shown by its UID.", "ops",
              [target(top(15, by_pod(returns("pod_uid", inside))), pod)], 12),
        graph("Failure ratio by pod", "Ratio of each pod's calls that failed.",
              "percentunit", [target(top(15, by_pod(error_ratio(by="pod_uid", where=where))), pod)], 12),
        graph("p99 by pod", "p99 latency by pod.", "s",
              both(top_of(15, lambda native: by_pod(slowest(native))), pod), 12),
        graph("Calls by container", "Calls per second, for probes with the label `container_id`.",
              "ops",
              [target(top(15, by_container(returns("container_id", 'container_id!=""'))),
                      pod + "/{{container}}")], 12),
    ]


def function():
    sizes = "retprobe_return_size_bytes"
    observed = "retprobe_observed"
    labels = query("by", "By label", "label_names(retprobe_returns_total)", multi=False,
                   everything=False,
                   regex="/^(?!(__.*|le|quantile|job|instance|object|function|probe)$).*/")
    labels["current"] = {"selected": True, "text": "outcome", "value": "outcome"}
    return dashboard(
        "retprobe-function", "retprobe / Function",
        "One function: its results, its latency and the distribution, by label and by pod.",
        common(*functions(one=True), labels, histograms()),
        [
            ("At a glance", [
                stat("Calls", "Returned calls per second.", "ops",
                     [target(returns(), FUNCTION)], 4),
                stat("Failure ratio", "Ratio of calls that failed: they returned an unexpected error.", "percentunit", [target(error_ratio(), FUNCTION)], 4),
                stat("Expected errors", "Ratio of calls that returned an error of normal operation.",
                     "percentunit", [target(error_ratio(False), FUNCTION)], 4),
                stat("Median", "Median latency (p50).", "s",
                     both(histogram_quantile("0.5"), FUNCTION), 4),
                stat(*IN_PROGRESS, "short", both(per_second(), FUNCTION), 8),
            ]),
            ("Duration", [
                heatmap("Duration, classic histogram", "Number of calls by duration, from the classic buckets.", "s",
                        [target(f"sum by (le) ({rate('retprobe_duration_seconds_bucket', by='le', function='increase')})",
                                "{{le}}", form="heatmap")]),
                heatmap("Duration, native histogram", "Number of calls by duration, from the finer "
                        "native buckets. Empty unless Prometheus scrapes native histograms.",
                        "s",
                        [target(f"sum({rate('retprobe_duration_seconds', by='', function='increase')})", "{{le}}",
                                form="heatmap")]),
                graph("Quantiles", "Time from entry to return.", "s",
                      [t for q, name in (("0.5", "p50"), ("0.9", "p90"), ("0.99", "p99"),
                                         ("0.999", "p99.9"))
                       for t in both(histogram_quantile(q), name)], 12),
                graph("Mean", "Mean time from entry to return, by instance.", "s",
                      both(mean("instance"), "{{instance}}"), 12),
            ]),
            ("Results", [
                graph("Calls by outcome", "Calls per second by outcome.",
                      "ops", [target(returns("outcome"), "{{outcome}}")], stack=True),
                graph("Errors by code", "Calls per second that returned an error, by error code.", "ops",
                      [target(returns("value", 'outcome="error"'), "{{value}}")], stack=True),
                graph("All results", "Calls per second by outcome and result.", "ops",
                      [target(returns("outcome, value"), "{{outcome}} {{value}}")]),
                graph("Size of results", "Quantiles of positive results, for probes with `returns: size`.", "bytes",
                      [target(histogram_quantile(q, metric=sizes)(False), name)
                       for q, name in (("0.5", "p50"), ("0.99", "p99"))], 12),
                graph("Observed values", "Medians of the values in the probe's `observe`.", "short",
                      [target(histogram_quantile("0.5", BY + ", name", observed)(False),
                              "{{name}}")], 12),
            ]),
            ("What calls take", [
                graph("Time off the CPU", "Seconds per second that the calls' threads were not running, for probes "
                      "with `split: cpu`.", "short",
                      both(per_second("instance", "retprobe_off_cpu_seconds"), "{{instance}}"), 12),
                graph("Page faults and context switches", "Per second, for probes with `counters`.", "ops",
                      [target(f"sum by (counter) ({rate('retprobe_counter_total', by='counter')})", "{{counter}}")], 12),
            ]),
            ("By label", [
                graph("Calls by $by", "Calls per second by the label selected above: a label of the "
                      "probe, or outcome or value.", "ops",
                      [target(top(15, returns("$by")), "{{$by}}")]),
                graph("Median by $by", "Median latency by the same label. Durations have no outcome and "
                      "value: by these, there is one line.", "s",
                      both(top_of(15, histogram_quantile("0.5", "$by")), "{{$by}}")),
                graph("Time spent by $by", "Seconds spent in calls, per second, by the same label.", "short",
                      both(top_of(15, per_second("$by")), "{{$by}}")),
            ]),
            ("By pod", by_pods()),
        ])


# ---- the fleet -------------------------------------------------------------------------------------


def fleet():
    by = "instance"
    columns = {"calls/s": "ops", "failure ratio": "percentunit", "quantile": "s",
               "of the median": "short", "missed": "percentunit"}
    at_quantile = histogram_quantile("$quantile", by, where=WORK)
    called = returns(by)
    return dashboard(
        "retprobe-fleet", "retprobe / Fleet",
        "The same functions on many machines: which machine is the outlier.",
        common(*functions(), quantile(), histograms()),
        [
            ("The fleet", [
                stat("Instances", "Exporters that answer scrapes.", "short",
                     [target(f"sum({UP})", "up")], 6),
                stat("Silent", "Exporters that do not answer scrapes.", "short",
                     [target(f"count({UP} == 0) or 0 * count({UP})", "down")], 6,
                     limits=(("red", 1),)),
                stat("Calls", "Calls per second of the selected functions on all instances.", "ops",
                     [target(returns(""), "calls")], 6),
                stat("Duration", "The selected quantile over all instances, without functions that wait for work.",
                     "s", both(histogram_quantile("$quantile", "job", where=WORK), "{{job}}"), 6),
            ]),
            ("Outliers", [
                graph("Duration against the median", "The selected quantile of each instance, "
                      "divided by the median over instances. 1 means normal. Functions that wait "
                      "for work are excluded.", "short",
                      both(top_of(10, outlier(at_quantile)), WHO), 12),
                graph("Calls against the median", "Calls per second of each instance, divided by the "
                      "median over instances.", "short",
                      [target(top(10, outlier(lambda _: called)(False)), WHO)], 12),
                graph("Failure ratio", "Ratio of each instance's calls that failed: the ten highest.",
                      "percentunit", [target(top(10, error_ratio(by=by)), WHO)]),
                graph("Duration", "The selected quantile: the ten slowest instances.", "s",
                      both(top_of(10, at_quantile), WHO)),
                graph("Missed", "Ratio of each instance's calls that could not be measured.",
                      "percentunit", [target(top(10, missed_ratio(by)), WHO)]),
            ]),
            ("Details", [
                table("Instances", "One row per exporter. `of the median` is the quantile "
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
        "The exporter itself: attached probes, missed calls, cost.",
        common(),
        [
            ("Health", [
                stat("Up", "Whether the last scrape succeeded.", "bool_yes_no",
                     [target(UP, WHO)], limits=(("green", 1),), base="red"),
                stat("Attached", "Probes that are attached.", "short",
                     [target(f"sum({self_gauge('retprobe_probe_attached')})", "attached")]),
                stat("Not attached", "Probes that are not attached. The table below has the reasons.", "short",
                     [target(f"count({not_attached}) or vector(0)", "not attached")],
                     limits=(("yellow", 1),)),
                stat("Missed", "Ratio of calls that could not be measured.", "percentunit",
                     [target(missed_ratio("job"), "{{job}}")],
                     limits=(("yellow", 0.001), ("red", 0.01))),
                stat("Reload", "Whether the last reload of the configuration succeeded.",
                     "bool_yes_no",
                     [target(self_gauge("retprobe_exporter_config_last_reload_successful"), WHO)],
                     limits=(("green", 1),), base="orange"),
                stat("Running for", "Time since the exporter's start.", "s",
                     [target("time() - " + ours(self_gauge("process_start_time_seconds")), WHO)]),
            ]),
            ("Probes", [
                graph("Probes by mechanism", "Attached probes by mechanism.", "short",
                      [target(f"count by (mechanism) ({self_gauge('retprobe_probe_info')})",
                              "{{mechanism}}")], stack=True),
                graph("Missed calls by reason", "Calls per second that could not be measured.",
                      "ops", [target(missed("reason"), "{{reason}}")], stack=True),
                graph("Missed by function", "The 15 functions with the most missed calls. "
                      "_all means functions that share a program.", "ops",
                      [target(top(15, missed(BY)), FUNCTION)]),
                graph("Label sets", "Label sets in use, as a ratio of `max_series`. At 1, "
                      "calls with other values count as _other.", "percentunit",
                      [target(top(15, f"max by ({BY}) ({self_gauge('retprobe_label_sets')} / "
                                      f"{self_gauge('retprobe_label_sets_limit')})"), FUNCTION)],
                      12, defaults={"max": 1}),
                table("Not attached", "Probes that are not attached, and the reasons.",
                      [target(f"count by ({BY}, reason) ({not_attached})",
                              instant=True, form="table", name="instances")],
                      {"instances": "short"}, width=12, height=9),
            ]),
            ("Cost", [
                graph("CPU of the programs", "CPU time of the BPF programs per second, over all "
                      "CPUs. Needs kernel.bpf_stats_enabled=1.",
                      "percentunit",
                      [target(by_mechanism.format(rate(programs, TARGET)), "{{mechanism}}")]),
                graph("Time of a program", "Mean time of one run of a program. A call runs two programs.",
                      "s",
                      [target(by_mechanism.format(rate(programs, TARGET)) + " / " +
                              by_mechanism.format(rate(runs, TARGET)), "{{mechanism}}")]),
                graph("CPU of the exporter", "CPU time of its process per second.", "percentunit",
                      [target(ours(rate("process_cpu_seconds_total", TARGET)), WHO)]),
                graph("Memory", "Resident memory of its process, and the counter memory, which "
                      "is part of it.", "bytes",
                      [target(ours(self_gauge("process_resident_memory_bytes")),
                              WHO + " resident"),
                       target(self_gauge("retprobe_exporter_cell_bytes"), WHO + " counters")]),
                graph("File descriptors", "Open descriptors, as a ratio of the limit.", "percentunit",
                      [target(ours(f"{self_gauge('process_open_fds')} / "
                                   f"{self_gauge('process_max_fds')}"), WHO)]),
                graph("Threads", "Threads of its process.", "short",
                      [target(ours(self_gauge("process_threads")), WHO)]),
            ]),
            ("Scrapes", [
                graph("Duration of scrapes", "Measured by the exporter and by Prometheus.", "s",
                      [target(self_gauge("retprobe_exporter_scrape_duration_seconds"),
                              WHO + " exporter"),
                       target(ours(self_gauge("scrape_duration_seconds")), WHO + " Prometheus")]),
                graph("Samples of a scrape", "Samples that Prometheus stores per scrape.", "short",
                      [target(ours(self_gauge("scrape_samples_scraped")), WHO)]),
                graph("Requests by status", "HTTP requests per second, by status.", "reqps",
                      [target("sum by (code) "
                              f"({rate('retprobe_exporter_http_requests_total', TARGET)})",
                              "{{code}}")], stack=True),
                table("Versions", "Number of instances per version.",
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
    """The recording rules, with the regular expressions of calls.py at the marks."""
    text = (HERE / RULES).read_text()
    for mark, expression in (("waits", calls.waits()), ("expected", calls.errors(calls.EXPECTED)),
                             ("unexpected", calls.errors(calls.UNEXPECTED))):
        text, places = re.subn(f'"[^"]*"(?=  # {mark}$)', f'"{expression}"', text, flags=re.M)
        if not places:
            sys.exit(f"{RULES} has no mark # {mark}")
    return text


def rendered():
    """Yields the name and the text of each file."""
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
        sys.exit("not current: " + ", ".join(stale) + "; run dashboards/generate.py, and commit them")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(sys.argv[1:])
