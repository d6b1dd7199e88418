#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints what the Prometheus Operator makes of the PodMonitors in manifests on stdin, as scrape configurations:
monitor.py API_SERVER TOKEN_FILE. Knows the fields that the cluster test uses, and fails at others.
"""
import json
import re
import sys

import yaml


def snake(rule):
    return {re.sub("([A-Z])", lambda m: "_" + m[1].lower(), key): value for key, value in rule.items()}


def meta(name):
    return "__meta_kubernetes_" + re.sub("[^a-zA-Z0-9_]", "_", name)


def keep(label, value):
    return {"source_labels": [label], "regex": re.escape(value), "action": "keep"}


def config(monitor, api, token):
    spec, of = monitor["spec"], monitor["metadata"]
    (endpoint,) = spec["podMetricsEndpoints"]
    port, path, ours = endpoint.pop("port"), endpoint.pop("path"), endpoint.pop("relabelings")
    metrics, interval = endpoint.pop("metricRelabelings"), endpoint.pop("interval")
    timeout = endpoint.pop("scrapeTimeout")
    if endpoint or set(spec) != {"selector", "podMetricsEndpoints"}:
        raise SystemExit(f"monitor.py: more fields: {endpoint} {spec}")
    name = f"{of['namespace']}/{of['name']}"
    rules = [keep(meta("pod_label_" + k), v) for k, v in spec["selector"]["matchLabels"].items()]
    rules += [keep(meta("pod_container_port_name"), port), {"target_label": "job", "replacement": name}]
    rules += [{"source_labels": [meta(k)], "target_label": v} for k, v in
              {"namespace": "namespace", "pod_name": "pod", "pod_container_name": "container"}.items()]
    return {
        "job_name": "podMonitor/" + name, "metrics_path": path,
        "scrape_interval": interval, "scrape_timeout": timeout,
        "kubernetes_sd_configs": [{
            "role": "pod", "namespaces": {"names": [of["namespace"]]}, "api_server": api,
            "authorization": {"credentials_file": token}, "tls_config": {"insecure_skip_verify": True},
        }],
        "relabel_configs": rules + [snake(r) for r in ours],
        "metric_relabel_configs": [snake(r) for r in metrics],
    }


for document in yaml.safe_load_all(sys.stdin):
    if document and document["kind"] == "PodMonitor":
        print("  -", json.dumps(config(document, *sys.argv[1:])))
