{{/* The namespace: the value, or helm's, or exam where helm was told none. */}}
{{- define "exam.namespace" -}}
{{- if .Values.namespace -}}
{{ .Values.namespace }}
{{- else if eq .Release.Namespace "default" -}}
exam
{{- else -}}
{{ .Release.Namespace }}
{{- end -}}
{{- end }}

{{/* Labels of every object. */}}
{{- define "exam.labels" -}}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The Secret with the bucket's credentials. */}}
{{- define "exam.secretName" -}}
{{- if .Values.secret.create -}}
{{ .Values.secret.name }}
{{- else -}}
{{ required "secret.existingSecret is needed when secret.create is false" .Values.secret.existingSecret }}
{{- end -}}
{{- end }}

{{/* Variables of the function, first plain ones, then those of the Secret. */}}
{{- define "exam.environment" -}}
{{- $variables := list }}
{{- range $name, $value := .Values.env.normal }}
{{- $variables = append $variables (dict "name" $name "value" (toString $value)) }}
{{- end }}
{{- range $name, $key := .Values.env.secret }}
{{- $reference := dict "name" (include "exam.secretName" $) "key" $key }}
{{- $variables = append $variables (dict "name" $name "valueFrom" (dict "secretKeyRef" $reference)) }}
{{- end }}
{{- toYaml $variables }}
{{- end }}

{{/* What no container here needs is taken away from it. */}}
{{- define "exam.securityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop:
    - ALL
seccompProfile:
  type: RuntimeDefault
{{- end }}
