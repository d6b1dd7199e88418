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

{{- /* The chart's labels or annotations, and a user's: argument: [the chart's as YAML, the user's]. The chart's win:
what selects pods depends on them. */ -}}
{{- define "retprobe.with" -}}
{{- merge (fromYaml (index . 0)) (index . 1) | toYaml }}
{{- end }}

{{- define "retprobe.image" -}}
{{- with default .Values.image.registry (.Values.global).imageRegistry }}
{{- printf "%s/" (trimSuffix "/" .) }}
{{- end }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* Names of Secrets, or objects with a name; each once. */ -}}
{{- define "retprobe.pullSecrets" -}}
{{- $names := list }}
{{- range concat (default list (.Values.global).imagePullSecrets) .Values.imagePullSecrets }}
{{- if kindIs "string" . }}
{{- $names = append $names (dict "name" .) }}
{{- else }}
{{- $names = append $names . }}
{{- end }}
{{- end }}
{{- with uniq $names }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "retprobe.priorityClass" -}}
{{- if and .Values.priorityClass.create (not .Values.priorityClass.name) }}
{{- printf "%s-%s" .Release.Namespace (include "retprobe.fullname" .) }}
{{- else }}
{{- .Values.priorityClass.name }}
{{- end }}
{{- end }}

{{- /* Before 1.30 a container's AppArmor profile is an annotation of the pod. */ -}}
{{- define "retprobe.appArmorField" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}true{{ end }}
{{- end }}

{{- define "retprobe.podAnnotations" -}}
kubectl.kubernetes.io/default-container: retprobe-exporter
{{- if and .Values.host.tracefsWritable (not (include "retprobe.appArmorField" .)) }}
container.apparmor.security.beta.kubernetes.io/retprobe-exporter: unconfined
{{- end }}
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

{{- /* Where to scrape, of both kinds of monitor. What the user says of it replaces this, but for relabelings, which
are added. */ -}}
{{- define "retprobe.endpoint" -}}
{{- $user := .Values.monitor.endpoint }}
{{- $chart := dict "port" "metrics" "path" "/metrics" "interval" .Values.monitor.interval
      "scrapeTimeout" .Values.monitor.scrapeTimeout }}
{{- if .Values.web.tls }}
{{- $_ := set $chart "scheme" "https" }}
{{- end }}
{{- merge (omit $user "relabelings") $chart | toYaml }}
relabelings:
  # The alerts go by it, whatever the release is called.
  - targetLabel: job
    replacement: retprobe-exporter
  # The node, because a pod's address changes.
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
{{- with $user.relabelings }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
