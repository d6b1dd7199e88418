# SPDX-License-Identifier: GPL-2.0-only
"""The dashboards' variables, and expressions over the exporter's metrics.

Prometheus stores histograms as classic or native ones, or both, depending on its configuration. The variable
`histograms` selects one: it is 1 (classic) or -1 (native). Every expression over a histogram exists twice. The
classic one ends with `< $histograms * Inf`, the native one with `< $histograms * -Inf`. Only the one that
compares with +Inf has data.

Only durations have native histograms. Sizes and observed values have classic buckets.

Rates of calls come from retprobe_returns_total, which does not depend on the histograms.

A function can have several probes, with the label `probe`, and a call counts in each of them. So sums that are
not by `probe` count a function's probe without a name, or else those with one. The variable `probe` selects others.

A failure is an error that neither calls.py nor the probe's configuration expects. Likewise, both say which
functions wait for work. The configuration wins.
"""

import calls
from grafana import constant, custom, datasource, query, target

TARGET = 'job=~"$job", instance=~"$instance"'
WHERE = TARGET + ', object=~"$object", function=~"$function", probe=~"$probe"'
# Without functions that wait for work, and only these: for rate(), which asks the configuration, too.
LISTED, UNLISTED = 'function=~"$waits"', 'function!~"$waits"'
WORK = f"{WHERE}, {UNLISTED}"
WAIT = f"{WHERE}, {LISTED}"
BY = "object, function, probe"

# ---- variables -------------------------------------------------------------------------------------

FROM = "retprobe_probe_attached"


def common(*more):
    return [
        datasource(),
        constant("waits", "Functions that wait for work", calls.waits()),
        constant("expected", "Expected errors", calls.errors(calls.EXPECTED)),
        constant("unexpected", "Exceptions to these", calls.errors(calls.UNEXPECTED)),
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
        # Most functions have one probe, without a name.
        query("probe", "Probe", f'label_values({FROM}{{{TARGET}, object=~"$object", function=~"$function"}}, probe)',
              all_value=".*"),
    ]


def histograms():
    return custom("histograms", "Histograms", {"classic": "1", "native": "-1"}, "classic")


def quantile():
    return custom("quantile", "Quantile", {"p50": "0.5", "p90": "0.9", "p99": "0.99",
                                           "p99.9": "0.999"}, "p99")


# ---- expressions -----------------------------------------------------------------------------------


def says(waits):
    return f'on (job, instance, object, function) retprobe_probe_info{{{TARGET}, waits="{waits}"}}'


def unnamed_first(selected):
    """Of several probes of a function, the one without a name. selected(matchers) returns series."""
    others = f'on (job, instance, object, function) retprobe_probe_info{{{TARGET}, probe="", probe=~"$probe"}}'
    return f"""({selected(', probe=""')} or {selected(', probe!=""')} unless {others})"""


def rate(metric, where=WHERE, by=BY, function="rate"):
    """Of series that are summed by these labels."""
    def plain(where):
        if "probe" in by or where == TARGET:
            return f"{function}({metric}{{{where}}}[$__rate_interval])"
        return unnamed_first(lambda more: f"{function}({metric}{{{where}{more}}}[$__rate_interval])")
    if UNLISTED in where:
        return (f"({plain(where)} unless {says('true')} "
                f"or {plain(where.replace(UNLISTED, LISTED))} and {says('false')})")
    if LISTED in where:
        return (f"({plain(where)} unless {says('false')} "
                f"or {plain(where.replace(LISTED, UNLISTED))} and {says('true')})")
    return plain(where)


def returns(by=BY, more="", where=WHERE):
    where += ", " + more if more else ""
    return f"sum by ({by}) ({rate('retprobe_returns_total', where, by)})"


def errors(failed, by=BY, where=WHERE):
    """Errors per second: failures, or expected errors. The label __call is FUNCTION:CODE, and becomes empty if
    calls.py expects that. Exceptions become `unexpected` first, so that they do not match."""
    configured = f"on (job, instance, object, function, value) retprobe_probe_expected{{{TARGET}}}"
    which = rate("retprobe_returns_total", where + ', outcome="error"', by)
    marked = f'label_join({which}, "__call", ":", "function", "value")'
    for to, expression in ("unexpected", "$unexpected"), ("", "$expected"):
        marked = f'label_replace({marked}, "__call", "{to}", "__call", "{expression}")'
    if failed:
        return f"sum by ({by}) ({marked} unless on (__call) vector(1) unless {configured})"
    return f"sum by ({by}) ({marked} and on (__call) vector(1) or {which} and {configured})"


def error_ratio(failed=True, by=BY, where=WHERE):
    """0 for functions without errors, which have no error series."""
    every = f"sum by ({by}) ({rate('retprobe_returns_total', where, by)})"
    return f"({errors(failed, by, where)} or 0 * {every}) / {every}"


def both(make, legend, **more):
    """Targets for both kinds of histograms. make(native) returns the expression."""
    return [target(f"{make(native)} < $histograms * {'-' if native else ''}Inf", legend, **more)
            for native in (False, True)]


def histogram_quantile(q, by=BY, metric="retprobe_duration_seconds", where=WHERE):
    def make(native):
        if native:
            return f"histogram_quantile({q}, sum by ({by}) ({rate(metric, where, by)}))"
        return f"histogram_quantile({q}, sum by ({by}, le) ({rate(metric + '_bucket', where, by)}))"
    return make


def per_second(by=BY, metric="retprobe_duration_seconds", where=WHERE):
    """Seconds spent in returned calls, per second."""
    def make(native):
        if native:
            return f"histogram_sum(sum by ({by}) ({rate(metric, where, by)}))"
        return f"sum by ({by}) ({rate(metric + '_sum', where, by)})"
    return make


def mean(by=BY, metric="retprobe_duration_seconds", where=WHERE):
    def make(native):
        if native:
            whole = f"sum by ({by}) ({rate(metric, where, by)})"
            return f"histogram_sum({whole}) / histogram_count({whole})"
        return (f"sum by ({by}) ({rate(metric + '_sum', where, by)})"
                f" / sum by ({by}) ({rate(metric + '_count', where, by)})")
    return make


def outlier(make, of=""):
    """Ratio of each instance to the median of all instances. of: further labels of the medians."""
    def ratio(native):
        median = f"quantile by ({of}) (0.5, {make(native)})"
        joined = f"/ on ({of}) group_left () {median}" if of else f"/ scalar(quantile(0.5, {make(native)}))"
        return f"{make(native)} {joined}"
    return ratio


def top(n, expr):
    return f"topk({n}, {expr})"


def top_of(n, make):
    return lambda native: top(n, make(native))


def missed(by, where=TARGET):
    return f"sum by ({by}) ({rate('retprobe_missed_total', where)})"


def missed_ratio(by, where=TARGET):
    """Ratio of missed calls. Attached probes always have both series."""
    counted = f"sum by ({by}) ({rate('retprobe_returns_total', where)})"
    lost = missed(by, where)
    return f"{lost} / ({lost} + {counted} > 0)"


# `All` jobs include those of other exporters. Jobs with our instances are ours. If all our instances are down,
# only the job's name is left.
EXPORTERS = f"retprobe_exporter_build_info{{{TARGET}}}"
UP = f'(up{{{TARGET}, job=~".*retprobe.*"}} or up{{{TARGET}}} and on (job) {EXPORTERS})'


def ours(expr):
    """Our part of series that other exporters also have, by job and instance."""
    return f"{expr} and on (job, instance) {EXPORTERS}"


# kube-state-metrics can run more than once, and its series have its own job and instance.
PODS = ('max by (pod_uid, namespace, pod) '
        '(label_replace(kube_pod_info, "pod_uid", "$1", "uid", "(.+)"))')
# Containers that have not started have no ID.
CONTAINERS = ('max by (id, namespace, pod, container) (label_replace('
              'kube_pod_container_info{container_id!=""}, "id", "$1", "container_id", ".*://(.+)"))')


def named(expr, key, names, known):
    """Adds names from the series `known`, joined by the label `key`. Unknown keys are their own name."""
    return (f'({expr}) * on ({key}) group_left ({", ".join(names)}) {known} '
            f'or on ({key}) label_replace({expr}, "{names[-1]}", "$1", "{key}", "(.+)")')


def by_pod(expr):
    """expr is by pod_uid."""
    return named(expr, "pod_uid", ("namespace", "pod"), PODS)


def by_container(expr):
    """expr is by container_id, which lacks the runtime if the cgroup's name does."""
    short = f'label_replace({expr}, "id", "$1", "container_id", "(?:.*://)?(.+)")'
    return named(short, "id", ("namespace", "pod", "container"), CONTAINERS)
