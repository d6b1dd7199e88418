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

{{- define "retprobe.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "retprobe.serviceAccount" -}}
{{- default (ternary (include "retprobe.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "retprobe.selector" -}}
app.kubernetes.io/name: {{ include "retprobe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "retprobe.labels" -}}
{{- include "retprobe.with" (list (include "retprobe.ownLabels" .) .Values.commonLabels) }}
{{- end }}

{{- define "retprobe.ownLabels" -}}
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

{{- /* Names of Secrets, or objects with a name; each once. Argument: lists of them. */ -}}
{{- define "retprobe.pullSecrets" -}}
{{- $names := list }}
{{- range concat (list) (index . 0) (index . 1) }}
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

{{- /* Nodes without a kernel of their own: EKS Fargate, and virtual kubelets such as those of AKS. The user's node
affinity replaces it. */ -}}
{{- define "retprobe.affinity" -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - key: eks.amazonaws.com/compute-type
            operator: NotIn
            values: [fargate]
          - key: type
            operator: NotIn
            values: [virtual-kubelet]
{{- end }}

{{- define "retprobe.containerSecurityContext" -}}
{{- $caps := .Values.capabilities }}
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
# Kubernetes grants added capabilities to root only.
runAsUser: 0
runAsGroup: 0
{{- if and .Values.host.tracefsWritable (include "retprobe.appArmorField" .) }}
appArmorProfile:
  type: Unconfined
{{- end }}
capabilities:
  drop: [ALL]
  add:
    - BPF
    - PERFMON
    - KILL
    - SETUID
    - SETGID
    {{- if $caps.syslog }}
    - SYSLOG
    {{- end }}
    {{- if $caps.dacReadSearch }}
    - DAC_READ_SEARCH
    {{- end }}
    {{- if $caps.sysAdmin }}
    - SYS_ADMIN
    {{- end }}
    {{- if $caps.sysResource }}
    - SYS_RESOURCE
    {{- end }}
    {{- if $caps.sysPtrace }}
    - SYS_PTRACE
    {{- end }}
    {{- if $caps.checkpointRestore }}
    - CHECKPOINT_RESTORE
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

{{- /* The fields of a monitor that belong into its spec. The others belong into its endpoint. */ -}}
{{- define "retprobe.monitorSpec" -}}
- podTargetLabels
- targetLabels
- attachMetadata
- sampleLimit
- targetLimit
- labelLimit
- labelNameLengthLimit
- labelValueLengthLimit
- scrapeProtocols
- scrapeNativeHistograms
- scrapeClassicHistograms
- nativeHistogramBucketLimit
{{- end }}

{{- /* Where and how to scrape. Arguments: the root, and the values of the monitor. */ -}}
{{- define "retprobe.endpoint" -}}
{{- $fields := omit (index . 1) "enabled" "namespace" "additionalLabels" "relabelings" }}
port: metrics
path: /metrics
{{- if (index . 0).Values.web.tls }}
scheme: https
{{- end }}
relabelings:
  # The alerts go by it, whatever the release is called.
  - targetLabel: job
    replacement: retprobe-exporter
  # The node, because a pod's address changes.
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
{{- with (index . 1).relabelings }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $field, $value := $fields }}
{{- if and $value (not (has $field (fromYamlArray (include "retprobe.monitorSpec" $)))) }}
{{- dict $field $value | toYaml | nindent 0 }}
{{- end }}
{{- end }}
{{- end }}
