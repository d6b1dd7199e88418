#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Gives the panels that join other exporters' series what Prometheus would have recorded of both, and holds
what they draw against what is expected, by `promtool test rules`: panels_test.py DASHBOARD.json...

The expressions are taken from the dashboards as they are. Native histograms have no notation in the
promtool of Debian 12: their panels must be the classic ones' but for the histogram.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

VALUES = {"__rate_interval": "5m", "histograms": "1", "job": ".+", "instance": ".+", "object": ".+",
          "function": "vfs_read"}

CART, SHOP = "0f5a37b0-8f6c-4d5e-9a58-1b0c2f6a7d31", "6c1d8e42-3b7a-4c0f-8d2e-90ab12cd34ef"
GONE = "b7e2f9d4-1a6c-45e8-b3f0-5d7c8a9e0f12"  # of no pod that kube-state-metrics knows
CART_ID, SHOP_ID, GONE_ID = "c0ffee" * 10 + "c0ff", "5eed" * 16, "dead" * 16
EXPORTER = 'job="retprobe", namespace="monitoring", object="vmlinux", function="vfs_read"'


def exporter(name, node, uid, container, increase, more=""):
    """namespace and pod of the exporter itself, as a PodMonitor leaves them, are not what is asked."""
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


# The cgroups of one node name the runtime, those of the other do not. Two kube-state-metrics answer; a
# container that has not started has no id, and neither has one of another pod.
SERIES = [
    returned("a", CART, "containerd://" + CART_ID, 45),
    returned("a", CART, "containerd://" + CART_ID, 15, "error", "EAGAIN"),
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


def drawn(value, **labels):
    return {"labels": "{" + ", ".join(f'{k}="{v}"' for k, v in labels.items()) + "}", "value": value}


def pods(cart, shop, gone=None):
    found = [drawn(cart, pod_uid=CART, namespace="shop", pod="cart-0"),
             drawn(shop, pod_uid=SHOP, namespace="shop", pod="web-5x")]
    return found if gone is None else found + [drawn(gone, pod_uid=GONE, pod=GONE)]


EXPECTED = {
    "Calls by pod": pods(1, 2, 0.1),
    "Error ratio by pod": pods(0.25, 0, 0),
    "p99 by pod": pods(0.00199, 0.00099),
    "Calls by container": [
        drawn(1, container_id="containerd://" + CART_ID, id=CART_ID, namespace="shop", pod="cart-0",
              container="cart"),
        drawn(2, container_id=SHOP_ID, id=SHOP_ID, namespace="shop", pod="web-5x", container="nginx"),
        drawn(0.1, container_id=GONE_ID, id=GONE_ID, container=GONE_ID)],
}


def joins(paths):
    """Title and expressions of panels that take series of kube-state-metrics."""
    for path in paths:
        for panel in json.loads(pathlib.Path(path).read_text())["panels"]:
            found = [t["expr"] for t in panel.get("targets", []) if "kube_" in t["expr"]]
            if found:
                yield panel["title"], found


def classic_of(native):
    return re.sub(r"by \(pod_uid\) \((rate\(\w+_seconds)\{", r"by (pod_uid, le) (\1_bucket{",
                  native.replace("* -Inf", "* Inf"))


def promtool(expressions):
    """expressions: {title: expression}. Nothing, or what promtool says."""
    filled = {title: re.sub(r"\$([a-z_]+)", lambda found: VALUES[found[1]], expr)
              for title, expr in expressions.items()}
    tests = [{"interval": "1m", "input_series": SERIES, "promql_expr_test": [
        {"expr": expr, "eval_time": "10m", "exp_samples": EXPECTED[title]} for title, expr in filled.items()]}]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        # JSON is YAML.
        json.dump({"evaluation_interval": "1m", "tests": tests}, f)
        f.flush()
        done = subprocess.run(["promtool", "test", "rules", f.name], capture_output=True, text=True)
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def main(paths):
    found = dict(joins(paths))
    wrong = []
    if set(found) != set(EXPECTED):
        wrong.append(f"tested are {sorted(EXPECTED)}, and there are {sorted(found)}")
    for title, (classic, *native) in found.items():
        if any(classic_of(expr) != classic for expr in native):
            wrong.append(f"{title}: the native form is another expression")
        wrong.append(title in EXPECTED and promtool({title: classic}))
    wrong = "; ".join(text for text in wrong if text).replace("\n", " ")
    print(f"not ok dashboards joins: {wrong}" if wrong else "ok dashboards joins")


if __name__ == "__main__":
    main(sys.argv[1:])
