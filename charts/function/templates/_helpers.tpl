{{/* The name of the Service. */}}
{{- define "function.name" -}}
{{ .Values.name | default .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "function.labels" -}}
app.kubernetes.io/name: {{ include "function.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The environment: plain variables, then those from ConfigMaps and Secrets. */}}
{{- define "function.environment" -}}
{{- $variables := list }}
{{- range $name, $value := .Values.env }}
{{- $variables = append $variables (dict "name" $name "value" $value) }}
{{- end }}
{{- range $name, $reference := .Values.configEnv }}
{{- $variables = append $variables (dict "name" $name "valueFrom" (dict "configMapKeyRef" $reference)) }}
{{- end }}
{{- range $name, $reference := .Values.secretEnv }}
{{- $variables = append $variables (dict "name" $name "valueFrom" (dict "secretKeyRef" $reference)) }}
{{- end }}
{{- if $variables }}
{{- toYaml $variables }}
{{- end }}
{{- end }}
