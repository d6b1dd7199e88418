# SPDX-License-Identifier: GPL-2.0-only
"""The dashboards' variables, and expressions over the exporter's metrics.

Histograms come to Prometheus as classic or as native ones, or both, depending on its configuration. The
variable `histograms` chooses: it is 1 (classic) or -1 (native), and every expression over a histogram
exists twice, the classic one kept by `< $histograms * Inf`, the native by `< $histograms * -Inf`. Which of
the two compares with +Inf is all that is drawn.

Only durations are native: sizes and observed values have classic buckets alone.

Rates of calls come from retprobe_returns_total, which both have.

A failure is an error that calls.py does not expect.
"""

import calls
from grafana import constant, custom, datasource, query, target

TARGET = 'job=~"$job", instance=~"$instance"'
WHERE = TARGET + ', object=~"$object", function=~"$function"'
# Without functions that wait for work, and those alone.
WORK = WHERE + ', function!~"$waits"'
WAIT = WHERE + ', function=~"$waits"'
BY = "object, function"

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
    ]


def histograms():
    return custom("histograms", "Histograms", {"classic": "1", "native": "-1"}, "classic")


def quantile():
    return custom("quantile", "Quantile", {"p50": "0.5", "p90": "0.9", "p99": "0.99",
                                           "p99.9": "0.999"}, "p99")


# ---- expressions -----------------------------------------------------------------------------------


def rate(metric, where=WHERE):
    return f"rate({metric}{{{where}}}[$__rate_interval])"


def returns(by=BY, more="", where=WHERE):
    where += ", " + more if more else ""
    return f"sum by ({by}) ({rate('retprobe_returns_total', where)})"


def errors(failed, by=BY, where=WHERE):
    """Errors per second: failures, or those that are expected. Of FUNCTION:CODE that is expected, the label
    __call becomes empty. Exceptions lose their colon before that, so that they do not match."""
    which = rate("retprobe_returns_total", where + ', outcome="error"')
    marked = f'label_join({which}, "__call", ":", "function", "value")'
    for to, expression in ("unexpected", "$unexpected"), ("", "$expected"):
        marked = f'label_replace({marked}, "__call", "{to}", "__call", "{expression}")'
    return f"sum by ({by}) ({marked} {'unless' if failed else 'and'} on (__call) vector(1))"


def error_ratio(failed=True, by=BY, where=WHERE):
    """Functions without errors have no error series: that is 0, not nothing."""
    every = f"sum by ({by}) ({rate('retprobe_returns_total', where)})"
    return f"({errors(failed, by, where)} or 0 * {every}) / {every}"


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
    """Seconds spent in calls, per second. Calls that have not returned are not in it."""
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


def outlier(make, of=""):
    """How many times the median of all instances each is; of: what else the medians are by."""
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
