{{/* Labels of every object. */}}
{{- define "activator.labels" -}}
{{ include "activator.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What tells the activator's pod from others. */}}
{{- define "activator.selector" -}}
app.kubernetes.io/name: swiftlet-activator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What a container may do: nothing but to compute. */}}
{{- define "activator.securityContext" -}}
runAsNonRoot: true
runAsUser: {{ .Values.runAsUser }}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop:
    - ALL
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The functions, as the manifests that swiftlet reads. */}}
{{- define "activator.manifests" -}}
{{- if not .Values.functions }}
{{- fail "functions is needed: a list of functions, each with a name" }}
{{- end }}
{{- range .Values.functions }}
{{- if eq .name $.Release.Name }}
{{- fail (printf "a function and the release are both named %s; give one another name" .name) }}
{{- end }}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ $.Release.Namespace }}
spec:
  template:
    metadata:
      annotations:
        swiftlet.dev/endpoints: {{ .name }}-pods
        {{- with .lagTarget }}
        swiftlet.dev/lag-target: {{ . | int | quote }}
        {{- end }}
        {{- range $name, $value := .scaling }}
        autoscaling.knative.dev/{{ $name }}: {{ $value | quote }}
        {{- end }}
    spec:
      containerConcurrency: {{ .containerConcurrency | default 0 | int }}
      timeoutSeconds: {{ .timeoutSeconds | default 300 | int }}
      containers:
        - image: {{ .image | default .name | quote }}
{{- end }}
{{- end }}
