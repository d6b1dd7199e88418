#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tests what panels show for given series, by `promtool test rules`: panels_test.py DASHBOARD.json...

Tests joins with series of other exporters, and panels that compare with a baseline. Then tests axes and
colours, and that the documents list the same functions and errors.

The expressions come from the dashboards unchanged. Debian 12's promtool has no notation for native
histograms. Their panels must equal the classic ones except for the histogram.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dashboards"), str(ROOT / "tests/docs")]
import calls  # pylint: disable=wrong-import-position
import documents  # pylint: disable=wrong-import-position

VALUES = {"__rate_interval": "5m", "histograms": "1", "job": ".+", "instance": ".+", "object": ".+",
          "function": ".+", "probe": ".*", "quantile": "0.5", "waits": calls.waits(), "expected": calls.errors(calls.EXPECTED),
          "unexpected": calls.errors(calls.UNEXPECTED)}

# ---- joins with kube-state-metrics ---------------------------------------------------------------

CART, SHOP = "0f5a37b0-8f6c-4d5e-9a58-1b0c2f6a7d31", "6c1d8e42-3b7a-4c0f-8d2e-90ab12cd34ef"
GONE = "b7e2f9d4-1a6c-45e8-b3f0-5d7c8a9e0f12"  # of a pod that kube-state-metrics does not know
CART_ID, SHOP_ID, GONE_ID = "c0ffee" * 10 + "c0ff", "5eed" * 16, "dead" * 16
EXPORTER = 'job="retprobe", namespace="monitoring", object="vmlinux", function="vfs_read"'


def exporter(name, node, uid, container, increase, more=""):
    """Namespace and pod of the exporter itself, which a PodMonitor adds, must not be in the result."""
    return {"series": f'{name}{{{EXPORTER}, instance="{node}", pod="retprobe-{node}", pod_uid="{uid}", '
                      f'container_id="{container}"{more}}}', "values": f"0+{increase}x20"}


def returned(node, uid, container, increase, outcome="ok", value="positive"):
    return exporter("retprobe_returns_total", node, uid, container, increase,
                    f', outcome="{outcome}", value="{value}"')


def lasted(node, uid, container, buckets):
    return [exporter("retprobe_duration_seconds_bucket", node, uid, container, increase, f', le="{le}"')
            for le, increase in buckets.items()]


def state(name, replica, labels):
    return {"series": f'{name}{{job="kube-state-metrics", instance="{replica}", {labels}}}', "values": "1x20"}


def pod(replica, uid, namespace, name):
    return state("kube_pod_info", replica,
                 f'namespace="{namespace}", pod="{name}", uid="{uid}", node="a", host_ip="10.0.0.1", '
                 f'pod_ip="10.1.0.{replica[-1]}", created_by_kind="ReplicaSet", host_network="false"')


def container(replica, uid, namespace, name, what, container_id):
    return state("kube_pod_container_info", replica,
                 f'namespace="{namespace}", pod="{name}", uid="{uid}", container="{what}", '
                 f'image="registry.example/{what}:1", image_id="", container_id="{container_id}"')


# The cgroups of one node contain the runtime, those of the other do not. Two kube-state-metrics answer. A
# container that has not started has no id. Another pod's container has none either.
SERIES = [
    returned("a", CART, "containerd://" + CART_ID, 45),
    returned("a", CART, "containerd://" + CART_ID, 15, "error", "EIO"),
    returned("b", SHOP, SHOP_ID, 120),
    returned("b", GONE, GONE_ID, 6),
    returned("b", "", "", 600),
    *lasted("a", CART, "containerd://" + CART_ID, {"0.001": 0, "0.002": 60, "+Inf": 60}),
    *lasted("b", SHOP, SHOP_ID, {"0.001": 120, "0.002": 120, "+Inf": 120}),
    *(pod(f"ksm-{n}", *of) for n in (1, 2) for of in ((CART, "shop", "cart-0"), (SHOP, "shop", "web-5x"))),
    *(container(f"ksm-{n}", *of) for n in (1, 2) for of in (
        (CART, "shop", "cart-0", "cart", "containerd://" + CART_ID),
        (SHOP, "shop", "web-5x", "nginx", "containerd://" + SHOP_ID),
        (SHOP, "shop", "web-5x", "starting", ""), (CART, "shop", "cart-0", "starting", ""))),
]


def drawn(value, /, **labels):
    return {"labels": "{" + ", ".join(f'{k}="{v}"' for k, v in labels.items()) + "}", "value": value}


def pods(cart, shop, gone=None):
    found = [drawn(cart, pod_uid=CART, namespace="shop", pod="cart-0"),
             drawn(shop, pod_uid=SHOP, namespace="shop", pod="web-5x")]
    return found if gone is None else found + [drawn(gone, pod_uid=GONE, pod=GONE)]


EXPECTED = {
    "Calls by pod": pods(1, 2, 0.1),
    "Failure ratio by pod": pods(0.25, 0, 0),
    "p99 by pod": pods(0.00199, 0.00099),
    "Calls by container": [
        drawn(1, container_id="containerd://" + CART_ID, id=CART_ID, namespace="shop", pod="cart-0",
              container="cart"),
        drawn(2, container_id=SHOP_ID, id=SHOP_ID, namespace="shop", pod="web-5x", container="nginx"),
        drawn(0.1, container_id=GONE_ID, id=GONE_ID, container=GONE_ID)],
}


# ---- outliers ---------------------------------------------------------------------------------------


def function(name, instance, increase, buckets, outcome="ok", value="0", probe=""):
    """This many calls per minute, which take this many seconds; buckets: {le: share of the calls}."""
    of = f'job="retprobe", instance="{instance}", object="o", function="{name}"'
    of += f', probe="{probe}"' if probe else ""
    yield {"series": f'retprobe_probe_info{{{of}, mechanism="{outcome}"}}', "values": "1x20"}
    yield {"series": f'retprobe_returns_total{{{of}, outcome="{outcome}", value="{value}"}}',
           "values": f"0+{increase}x20"}
    for le, share in buckets.items():
        yield {"series": f'retprobe_duration_seconds_bucket{{{of}, le="{le}"}}',
               "values": f"0+{increase * share:g}x20"}
    if buckets:
        yield {"series": f'retprobe_duration_seconds_sum{{{of}}}', "values": f"0+{increase}x20"}


# A normal machine: servers wait seconds for work, connect(2) returns before the connection, a shell searches
# its PATH. The outliers on it: an fsync of about 50 ms, slower on c; failing writes; too many processes.
FSYNC, SLOW, WAITING = {"0.03125": 0, "0.0625": 1, "0.25": 1, "10": 1, "+Inf": 1}, \
    {"0.03125": 0, "0.0625": 0, "0.25": 1, "10": 1, "+Inf": 1}, \
    {"0.03125": 0, "0.0625": 0, "0.25": 0, "10": 1, "+Inf": 1}
MACHINE = [series for made in (
    *(function("epoll_wait", on, 60, WAITING) for on in "abc"),
    function("vfs_fsync_range", "a", 60, FSYNC),
    function("vfs_fsync_range", "b", 60, FSYNC),
    function("vfs_fsync_range", "c", 60, SLOW),
    function("connect", "a", 60, {}, "error", "EINPROGRESS"),
    function("execve", "a", 60, {}),
    function("execve", "a", 30, {}, "error", "ENOENT"),
    function("nanosleep", "a", 60, {}, "restarted", "ERESTART_RESTARTBLOCK"),
    function("write", "b", 54, {}),
    function("write", "b", 6, {}, "error", "EIO"),
    # Other probes of the same functions. One function has only these.
    function("vfs_fsync_range", "c", 30, WAITING, probe="slow"),
    function("write", "b", 6, {}, "error", "EIO", "failed"),
    function("mkdir", "b", 60, {}, probe="second"),
    function("clone", "b", 54, {}),
    function("clone", "b", 6, {}, "error", "EAGAIN")) for series in made]


def of(name, value, /, **more):
    return drawn(value, object="o", function=name, **more)


STANDS_OUT = {
    "Calls": [drawn(12.5)],
    "Latency by function": [of("vfs_fsync_range", 5.125, probe="slow"), of("vfs_fsync_range", 0.0546875)],
    "Time spent by function": [of("vfs_fsync_range", 3), of("vfs_fsync_range", 0.5, probe="slow")],
    "Failure ratio by function": [of("write", 1, probe="failed"), of("mkdir", 0, probe="second"), of("write", 0.1),
                                  of("clone", 0.1), of("vfs_fsync_range", 0, probe="slow"),
                                  *(of(name, 0) for name in ("connect", "execve", "nanosleep", "epoll_wait", "vfs_fsync_range"))],
    "Latency against the other instances": [
        of("vfs_fsync_range", 0.15625 / 0.046875, instance="c"), of("vfs_fsync_range", 1, instance="a"),
        of("vfs_fsync_range", 1, instance="b"),
        of("vfs_fsync_range", 1, probe="slow", instance="c")],
    "Waits by function": [of("epoll_wait", 5.125)],
    "Time waiting by function": [of("epoll_wait", 3)],
    "Expected errors": [drawn(1, function="connect", value="EINPROGRESS"),
                        drawn(0.5, function="execve", value="ENOENT")],
    "Failures by function": [of("write", 0.1), of("clone", 0.1), of("write", 0.1, probe="failed")],
    "Failures by code": [drawn(0.1, value="EIO"), drawn(0.1, value="EAGAIN")],
    "Failures": [drawn(0.2)],
}

# ---- evaluation by promtool --------------------------------------------------------------------------


def panels(paths):
    for path in paths:
        for panel in json.loads(pathlib.Path(path).read_text())["panels"]:
            yield path, panel


def report(name, wrong):
    text = "; ".join(text for text in wrong if text).replace("\n", " ")
    print(f"not ok dashboards {name}: {text}" if text else f"ok dashboards {name}")


def classic_of(native):
    classic = re.sub(r"rate\((\w+_seconds)\{", r"rate(\1_bucket{", native.replace("* -Inf", "* Inf"))
    return classic.replace("sum by (pod_uid) (", "sum by (pod_uid, le) (")


def promtool(expr, series, expected, **values):
    """Returns promtool's message, or nothing."""
    filled = re.sub(r"\$([a-z_]+)", lambda found: {**VALUES, **values}[found[1]], expr)
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": [
        {"expr": filled, "eval_time": "10m", "exp_samples": expected}]}]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        # JSON is YAML.
        json.dump({"evaluation_interval": "1m", "tests": tests}, f)
        f.flush()
        done = subprocess.run(["promtool", "test", "rules", f.name], capture_output=True, text=True)
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def check_joins(paths):
    """Panels that join series of kube-state-metrics."""
    found = {panel["title"]: [t["expr"] for t in panel["targets"]] for _, panel in panels(paths)
             if any("kube_" in t["expr"] for t in panel.get("targets", []))}
    if set(found) != set(EXPECTED):
        yield f"tested are {sorted(EXPECTED)}, and there are {sorted(found)}"
    for title, (classic, *native) in found.items():
        if any(classic_of(expr) != classic for expr in native):
            yield f"{title}: the native form is another expression"
        if title in EXPECTED:
            yield promtool(classic, SERIES, EXPECTED[title], function="vfs_read")


def check_stands_out(paths):
    found = {panel["title"]: panel["targets"][0]["expr"] for path, panel in panels(paths)
             if path.endswith("overview.json") and panel.get("targets")}
    for title, expected in STANDS_OUT.items():
        if title not in found:
            yield f"no panel {title}"
        else:
            # The last digit of a sum depends on the order, which Prometheus does not keep.
            yield promtool(f"round({found[title]}, 1e-6)" if title == "Calls" else found[title], MACHINE, expected)


# ---- axes, colours, lists ----------------------------------------------------------------------------


def lowest(panel):
    return panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"]


def check_axes(paths):
    for path, panel in panels(paths):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if panel["type"] == "timeseries":
            scale = defaults["custom"].get("scaleDistribution", {}).get("type")
            if (scale == "log") != (defaults["unit"] == "s"):
                yield f"{path}: {panel['title']}: {defaults['unit']} on a {scale} axis"
        # Panels where 0 means trouble, and 1 means none.
        if panel["type"] == "stat" and defaults["unit"] == "bool_yes_no" and lowest(panel) == "green":
            yield f"{path}: {panel['title']}: No is green"


def check_documents():
    """deploy/presets/README.md has the same lists as calls.py."""
    rows = [row for _, table in documents.tables(ROOT / "deploy/presets/README.md") for row in table]
    waits = {row["they wait for"]: documents.code(row["functions"]) for row in rows if "they wait for" in row}
    if waits != {what: names.split() for what, names in calls.WAITS.items()}:
        yield "functions that wait for work"
    expected = [(documents.code(row["error"]), documents.code(row["of"]), row["because"])
                for row in rows if "because" in row]
    if expected != [(codes.split(), names.split(), why) for codes, names, why in calls.EXPECTED + calls.UNEXPECTED]:
        yield "expected errors"


def main(paths):
    print("1..4", flush=True)
    report("joins", check_joins(paths))
    report("overview tells what stands out", check_stands_out(paths))
    report("axes and colours", check_axes(paths))
    report("calls: documented", check_documents())


if __name__ == "__main__":
    main(sys.argv[1:])
