{{- /* The file the gateway reads: the values, with the listeners where this chart's probes and services look for them. */ -}}
{{- define "gateway.configuration" -}}
{{- $listeners := dict "server" (dict "listen" "0.0.0.0:4180") "admin" (dict "listen" "0.0.0.0:4181") -}}
{{ mergeOverwrite (deepCopy .Values.config) $listeners | toYaml }}
{{- end }}

{{- /* Which secrets there are: { clientSecret: { key, variable } }. An existing Secret wins over everything inline. */ -}}
{{- define "gateway.secrets" -}}
{{- $variables := dict
  "clientSecret" "GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE"
  "sessionKeys" "GATEWAY_SESSION_KEYS_FILE"
  "redisUrl" "GATEWAY_SESSION_REDIS_URL_FILE"
  "redisPassword" "GATEWAY_SESSION_REDIS_PASSWORD_FILE"
  "sentinelPassword" "GATEWAY_SESSION_REDIS_SENTINELS_PASSWORD_FILE"
  "adminToken" "GATEWAY_ADMIN_TOKEN_FILE" -}}
{{- $secrets := dict -}}
{{- range $name, $variable := $variables -}}
  {{- $key := get $.Values.secrets.keys $name -}}
  {{- if $.Values.secrets.existingSecret -}}
    {{- if $key -}}{{- $_ := set $secrets $name (dict "key" $key "variable" $variable) -}}{{- end -}}
  {{- else if get $.Values.secrets.inline $name -}}
    {{- $_ := set $secrets $name (dict "key" (kebabcase $name) "variable" $variable) -}}
  {{- end -}}
{{- end -}}
{{ toYaml $secrets }}
{{- end }}

{{- define "gateway.secretName" -}}
{{ default (include "gateway.fullname" .) .Values.secrets.existingSecret }}
{{- end }}

{{- /* Says what is wrong before anything is installed, and what to do. */ -}}
{{- define "gateway.validate" -}}
{{- $config := .Values.config -}}
{{- $secrets := include "gateway.secrets" . | fromYaml -}}
{{- $redis := or ($config.session).redis $secrets.redisUrl -}}
{{- $several := or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) -}}
{{- if not ($config.server).publicUrl -}}
{{- fail "\nconfig.server.publicUrl is missing. Set it to the origin people open, such as https://app.example.com." -}}
{{- end -}}
{{- if not ($config.aihubmix).clientId -}}
{{- fail "\nconfig.aihubmix.clientId is missing. It is the client id of the OAuth app at AIHubMix (`aihubmix-gateway app create`)." -}}
{{- end -}}
{{- if not $secrets.clientSecret -}}
{{- fail "\nThe client secret is missing. Name a Secret in secrets.existingSecret (its key in secrets.keys.clientSecret), or set secrets.inline.clientSecret." -}}
{{- end -}}
{{- if and $several (not $redis) -}}
{{- fail "\nMore than one pod needs Redis: sessions in memory are seen by one pod only. Set secrets.inline.redisUrl (or its key in secrets.existingSecret), or replicaCount: 1." -}}
{{- end -}}
{{- if and $redis (not $secrets.sessionKeys) -}}
{{- fail "\nRedis needs session keys. Make one with `aihubmix-gateway keygen` and put it into secrets.inline.sessionKeys (or its key in secrets.existingSecret)." -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "\nhttpRoute.parentRefs is empty: name the Gateway that is to carry the route, such as [{ name: my-gateway }]." -}}
{{- end -}}
{{- end }}
