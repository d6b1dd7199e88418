{{- define "retprobe.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "retprobe.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains "retprobe" .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "retprobe.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "retprobe.selector" -}}
app.kubernetes.io/name: {{ include "retprobe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "retprobe.labels" -}}
{{ include "retprobe.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "retprobe.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "retprobe.priorityClass" -}}
{{- if .Values.priorityClass.create }}
{{- default (include "retprobe.fullname" .) .Values.priorityClass.name }}
{{- else }}
{{- .Values.priorityClass.name }}
{{- end }}
{{- end }}

{{- /* Before 1.30 a container's AppArmor profile is an annotation of the pod. */ -}}
{{- define "retprobe.appArmorField" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}true{{ end }}
{{- end }}

{{- /* A probe of the kubelet's: path is its argument. */ -}}
{{- define "retprobe.probe" -}}
{{- if .web.authentication -}}
tcpSocket:
  port: metrics
{{- else -}}
httpGet:
  path: {{ .path }}
  port: metrics
  {{- if .web.tls }}
  scheme: HTTPS
  {{- end }}
{{- end }}
{{- end }}

{{- /* Where to scrape, of both kinds of monitor. */ -}}
{{- define "retprobe.endpoint" -}}
port: metrics
path: /metrics
{{- if .Values.web.tls }}
scheme: https
{{- end }}
interval: {{ .Values.monitor.interval }}
scrapeTimeout: {{ .Values.monitor.scrapeTimeout }}
relabelings:
  # The alerts go by it, whatever the release is called.
  - targetLabel: job
    replacement: retprobe-exporter
  # A pod's address changes, and its node is what the numbers are about.
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
{{- with .Values.monitor.endpoint }}
{{ toYaml . }}
{{- end }}
{{- end }}
