#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# `make kubernetes` writes components/monitoring/prometheusrule.yaml with this: dashboards' rules and
# alerts in the Prometheus Operator's words. It is committed, for kubectl apply -k.
set -eu
cd "$(dirname "$0")/../.."
cat <<END
# Written by deploy/kubernetes/rules.sh from dashboards/*.rules.yaml and *.alerts.yaml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: retprobe-exporter
spec:
  groups:
END
for file in dashboards/retprobe.rules.yaml dashboards/retprobe.alerts.yaml; do
	sed -n '/^groups:/,$ { /^groups:/d; /^$/d; s/^/  /; p; }' "$file"
done
