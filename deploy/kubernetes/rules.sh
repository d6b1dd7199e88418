#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# `make kubernetes` writes components/monitoring/prometheusrule.yaml with this: dashboards' rules and
# alerts in the Prometheus Operator's words. It is committed, for kubectl apply -k. With a URL, each alert gets a
# runbook_url: see dashboards/README.md, "Link alerts to their runbooks".
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
groups() {
	sed -n '/^groups:/,$ { /^groups:/d; /^$/d; s/^/  /; p; }'
}

groups < dashboards/retprobe.rules.yaml
if [ $# -eq 0 ]; then
	groups < dashboards/retprobe.alerts.yaml
else
	sh dashboards/runbooks.sh "$1" > "${TMPDIR:-/tmp}/alerts.$$"
	groups < "${TMPDIR:-/tmp}/alerts.$$"
	rm "${TMPDIR:-/tmp}/alerts.$$"
fi
