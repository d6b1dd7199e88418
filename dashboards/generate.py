#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the Grafana dashboards beside it; `generate.py --check` tells whether they are current.

Histograms come to Prometheus as classic or as native ones, or both, which is its configuration's
affair. The variable `histograms` chooses: it is 1 (classic) or -1 (native), and every expression over
a histogram exists twice, the classic one kept by `< $histograms * Inf`, the native by
`< $histograms * -Inf`. Which of the two compares with +Inf is all that is drawn.

Only durations are native: sizes and observed values have classic buckets alone.

Rates of calls come from retprobe_returns_total, which both have.
"""

import json
import pathlib
import sys

from grafana import custom, dashboard, datasource, graph, heatmap, query, stat, table, target

HERE = pathlib.Path(__file__).parent

TARGET = 'job=~"$job", instance=~"$instance"'
WHERE = TARGET + ', object=~"$object", function=~"$function"'
BY = "object, function"

# ---- variables -------------------------------------------------------------------------------------

FROM = "retprobe_probe_attached"


def common(*more):
    return [
        datasource(),
        query("job", "Job", f"label_values({FROM}, job)"),
        query("instance", "Instance", f'label_values({FROM}{{job=~"$job"}}, instance)'),
        *more,
    ]


def functions(one=False):
    return [
        query("object", "Object", f"label_values({FROM}{{{TARGET}}}, object)"),
        query("function", "Function",
              f'label_values({FROM}{{{TARGET}, object=~"$object"}}, function)',
              multi=not one, everything=not one),
    ]


def histograms():
    return custom("histograms", "Histograms", {"classic": "1", "native": "-1"}, "classic")


def quantile():
    return custom("quantile", "Quantile", {"p50": "0.5", "p90": "0.9", "p99": "0.99",
                                           "p99.9": "0.999"}, "p99")


# ---- expressions -----------------------------------------------------------------------------------


def rate(metric, where=WHERE):
    return f"rate({metric}{{{where}}}[$__rate_interval])"


def returns(by=BY, more=""):
    where = WHERE + (", " + more if more else "")
    return f"sum by ({by}) ({rate('retprobe_returns_total', where)})"


def error_ratio(by=BY, more=""):
    """Functions without errors have no error series: that is 0, not nothing."""
    errors = returns(by, 'outcome="error"' + (", " + more if more else ""))
    return f"({errors} or 0 * {returns(by, more)}) / {returns(by, more)}"


def both(make, legend, **more):
    """Targets for the two forms of histograms; make(native) is the expression."""
    return [target(f"{make(native)} < $histograms * {'-' if native else ''}Inf", legend, **more)
            for native in (False, True)]


def histogram_quantile(q, by=BY, metric="retprobe_duration_seconds", where=WHERE):
    def make(native):
        if native:
            return f"histogram_quantile({q}, sum by ({by}) ({rate(metric, where)}))"
        return f"histogram_quantile({q}, sum by ({by}, le) ({rate(metric + '_bucket', where)}))"
    return make


def per_second(by=BY, metric="retprobe_duration_seconds", where=WHERE):
    """Seconds spent in calls, each second: the mean number of calls that are under way."""
    def make(native):
        if native:
            return f"histogram_sum(sum by ({by}) ({rate(metric, where)}))"
        return f"sum by ({by}) ({rate(metric + '_sum', where)})"
    return make


def mean(by=BY, metric="retprobe_duration_seconds", where=WHERE):
    def make(native):
        if native:
            whole = f"sum by ({by}) ({rate(metric, where)})"
            return f"histogram_sum({whole}) / histogram_count({whole})"
        return (f"sum by ({by}) ({rate(metric + '_sum', where)})"
                f" / sum by ({by}) ({rate(metric + '_count', where)})")
    return make


def top(n, expr):
    return f"topk({n}, {expr})"


def top_of(n, make):
    return lambda native: top(n, make(native))


def missed(by, where=TARGET):
    return f"sum by ({by}) ({rate('retprobe_missed_total', where)})"


def missed_ratio(by, where=TARGET):
    """Of all calls, those that were missed. Attached probes always have a series of each."""
    counted = f"sum by ({by}) ({rate('retprobe_returns_total', where)})"
    lost = missed(by, where)
    return f"{lost} / ({lost} + {counted} > 0)"


# `All` jobs are other exporters' jobs, too. Those that have instances of ours are ours; when all of them are
# down, only the job's name is left to tell.
EXPORTERS = f"retprobe_exporter_build_info{{{TARGET}}}"
UP = f'(up{{{TARGET}, job=~".*retprobe.*"}} or up{{{TARGET}}} and on (job) {EXPORTERS})'


def ours(expr):
    """Of series that others have as well, by job and instance."""
    return f"{expr} and on (job, instance) {EXPORTERS}"


# kube-state-metrics may run more than once, and its series have job and instance of its own.
PODS = ('max by (pod_uid, namespace, pod) '
        '(label_replace(kube_pod_info, "pod_uid", "$1", "uid", "(.+)"))')
# Containers that have not started have no id yet.
CONTAINERS = ('max by (id, namespace, pod, container) (label_replace('
              'kube_pod_container_info{container_id!=""}, "id", "$1", "container_id", ".*://(.+)"))')


def named(expr, key, names, known):
    """With names from the series `known`, by their label `key`; what is not known is its own name."""
    return (f'({expr}) * on ({key}) group_left ({", ".join(names)}) {known} '
            f'or on ({key}) label_replace({expr}, "{names[-1]}", "$1", "{key}", "(.+)")')


def by_pod(expr):
    """expr is by pod_uid."""
    return named(expr, "pod_uid", ("namespace", "pod"), PODS)


def by_container(expr):
    """expr is by container_id, which is without its runtime where cgroups are named so."""
    short = f'label_replace({expr}, "id", "$1", "container_id", "(?:.*://)?(.+)")'
    return named(short, "id", ("namespace", "pod", "container"), CONTAINERS)


FUNCTION = "{{function}}"

# ---- all functions: rate, errors, duration ---------------------------------------------------------


def overview():
    total = f"sum({rate('retprobe_returns_total')})"
    errors_where = WHERE + ', outcome="error"'
    errors = f"(sum({rate('retprobe_returns_total', errors_where)}) or 0 * {total})"
    columns = {"calls/s": "ops", "error ratio": "percentunit", "mean": "s", "quantile": "s",
               "in flight": "short"}
    return dashboard(
        "retprobe-overview", "retprobe / Overview",
        "Rate, errors and duration of every probed function, and which functions stand out.",
        common(*functions(), quantile(), histograms()),
        [
            ("All of them", [
                stat("Calls", "Calls of the chosen functions that returned, a second.", "ops",
                     [target(total, "calls")], 5),
                stat("Errors", "Calls that returned an error, a second.", "ops",
                     [target(errors, "errors")], 5),
                stat("Error ratio", "Of the calls, those that returned an error. What is much "
                     "depends on the function: a shell's search of PATH is all ENOENT.",
                     "percentunit", [target(f"{errors} / {total}", "ratio")], 5),
                stat("Missed", "Of the calls, those that could not be measured. Everything else "
                     "here leaves them out.", "percentunit",
                     [target(missed_ratio("job"), "{{job}}")], 5,
                     limits=(("yellow", 0.001), ("red", 0.01))),
                stat("Not attached", "Probes that could not be attached; the dashboard of the "
                     "exporter says why.", "short",
                     [target(f"count(retprobe_probe_attached{{{WHERE}}} == 0) or vector(0)",
                             "probes")], 4, limits=(("yellow", 1),)),
            ]),
            ("Rate and errors", [
                graph("Calls by function", "Calls that returned, a second: the 15 functions that "
                      "are called most.", "ops", [target(top(15, returns()), FUNCTION)]),
                graph("Errors by function", "Calls that returned an error, a second.", "ops",
                      [target(top(15, returns(more='outcome="error"')), FUNCTION)]),
                graph("Errors by code", "The same by what was returned, whatever the function.",
                      "ops", [target(top(15, returns("value", 'outcome="error"')), "{{value}}")]),
                graph("Error ratio by function", "Of each function's calls, those that returned "
                      "an error.", "percentunit", [target(top(15, error_ratio()), FUNCTION)], 12),
                graph("NULL by function", "Calls that returned a null pointer, a second: not "
                      "found, or no memory.", "ops",
                      [target(top(15, returns(more='outcome="null"')), FUNCTION)], 12),
            ]),
            ("Duration", [
                graph("Duration by function", "The chosen quantile of the time from entry to "
                      "return, waiting included.", "s",
                      both(top_of(15, histogram_quantile("$quantile")), FUNCTION), 12),
                graph("Time in functions", "Function-seconds a second: how many calls of it are "
                      "under way at a time. A function that waits for work shows here, too.",
                      "short", both(top_of(15, per_second()), FUNCTION), 12),
            ]),
            ("One by one", [
                table("Functions", "All chosen functions; the column headed quantile is the one "
                      "that is chosen above.",
                      [target(returns(), instant=True, form="table", name="calls/s"),
                       target(error_ratio(), instant=True, form="table", name="error ratio"),
                       *both(mean(), "", instant=True, form="table", name="mean"),
                       *both(histogram_quantile("$quantile"), "", instant=True, form="table",
                             name="quantile"),
                       *both(per_second(), "", instant=True, form="table", name="in flight")],
                      columns, sort="calls/s"),
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
        graph("Error ratio by pod", "Of each pod's calls, those that returned an error.",
              "percentunit", [target(top(15, by_pod(error_ratio("pod_uid", inside))), pod)], 12),
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
                stat("Calls", "Calls that returned, a second.", "ops",
                     [target(returns(), FUNCTION)], 6),
                stat("Error ratio", "Of the calls, those that returned an error.", "percentunit",
                     [target(error_ratio(), FUNCTION)], 6),
                stat("Median", "Half of the calls take no longer.", "s",
                     both(histogram_quantile("0.5"), FUNCTION), 6),
                stat("In flight", "Calls under way, on average.", "short",
                     both(per_second(), FUNCTION), 6),
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
                graph("Time by $by", "Function-seconds a second, by the same label.", "short",
                      both(top_of(15, per_second("$by")), "{{$by}}")),
            ]),
            ("By pod", by_pods()),
        ])


# ---- the fleet: which node is the outlier ----------------------------------------------------------


def outlier(make):
    """How many times the median of all nodes each is."""
    def ratio(native):
        return f"{make(native)} / scalar(quantile(0.5, {make(native)}))"
    return ratio


def fleet():
    by = "instance"
    who = "{{instance}}"
    columns = {"calls/s": "ops", "error ratio": "percentunit", "quantile": "s",
               "of the median": "short", "missed": "percentunit"}
    at_quantile = histogram_quantile("$quantile", by)
    calls = returns(by)
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
                stat("Duration", "The chosen quantile over all instances.", "s",
                     both(lambda native: histogram_quantile(
                         "$quantile", "job")(native), "{{job}}"), 6),
            ]),
            ("Outliers", [
                graph("Duration against the median", "The chosen quantile of each instance, "
                      "divided by the median over instances: 1 is like the others.", "short",
                      both(top_of(10, outlier(at_quantile)), who), 12),
                graph("Calls against the median", "Calls a second of each instance, divided by the "
                      "median over instances.", "short",
                      [target(top(10, outlier(lambda _: calls)(False)), who)], 12),
                graph("Error ratio", "Of each instance's calls, those that returned an error: the "
                      "ten highest.", "percentunit", [target(top(10, error_ratio(by)), who)]),
                graph("Duration", "The chosen quantile, the ten slowest instances.", "s",
                      both(top_of(10, at_quantile), who)),
                graph("Missed", "Of each instance's calls, those that could not be measured.",
                      "percentunit", [target(top(10, missed_ratio(by)), who)]),
            ]),
            ("All of them", [
                table("Instances", "One row for each exporter. `of the median` is the quantile "
                      "divided by the fleet's median.",
                      [target(calls, instant=True, form="table", name="calls/s"),
                       target(error_ratio(by), instant=True, form="table", name="error ratio"),
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
    who = "{{instance}}"
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
                     [target(UP, who)], limits=()),
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
                     [target(self_gauge("retprobe_exporter_config_last_reload_successful"), who)]),
                stat("Running for", "Since the exporter started.", "s",
                     [target("time() - " + ours(self_gauge("process_start_time_seconds")), who)]),
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
                      [target(ours(rate("process_cpu_seconds_total", TARGET)), who)]),
                graph("Memory", "Resident memory of its process, and the cells that the kernel "
                      "counts in, which are part of it.", "bytes",
                      [target(ours(self_gauge("process_resident_memory_bytes")),
                              who + " resident"),
                       target(self_gauge("retprobe_exporter_cell_bytes"), who + " cells")]),
                graph("File descriptors", "Of those that it may have.", "percentunit",
                      [target(ours(f"{self_gauge('process_open_fds')} / "
                                   f"{self_gauge('process_max_fds')}"), who)]),
                graph("Threads", "Threads of its process.", "short",
                      [target(ours(self_gauge("process_threads")), who)]),
            ]),
            ("Scrapes", [
                graph("Duration of scrapes", "As the exporter and as Prometheus see it.", "s",
                      [target(self_gauge("retprobe_exporter_scrape_duration_seconds"),
                              who + " exporter"),
                       target(ours(self_gauge("scrape_duration_seconds")), who + " Prometheus")]),
                graph("Samples of a scrape", "What Prometheus stores each time.", "short",
                      [target(ours(self_gauge("scrape_samples_scraped")), who)]),
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


def rendered():
    """File name and text of each."""
    for make in DASHBOARDS:
        made = make()
        yield made["uid"] + ".json", json.dumps(made, indent=2) + "\n"


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
