import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { jsonSchema } from '../src/config/outline.ts'

/**
 * Writes the chart's values.schema.json: `config` is the gateway's own schema, so that a wrong key is refused by `helm install`
 * with the same words as by `aihubmix-gateway check`. `npm run helm:schema`; a test holds that the file is in step.
 */

interface Node {
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly writeOnly?: boolean
  readonly [keyword: string]: unknown
}

const text = { type: 'string' }
const flag = { type: 'boolean' }
const count = { type: 'integer', minimum: 1 }
const tree = { type: 'object' }
const trees = { type: 'array', items: tree }
const texts = { type: 'array', items: text }
const labels = { type: 'object', additionalProperties: text }
const secretNames = ['clientSecret', 'sessionKeys', 'redisUrl', 'redisPassword', 'sentinelPassword', 'adminToken']
const secretName = { type: 'string', pattern: '^[-._a-zA-Z0-9]*$' }

/** The schema of the chart's values (JSON Schema draft 7). */
export const valuesSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Values of the aihubmix-gateway chart',
  ...closed({
    replicaCount: { type: 'integer', minimum: 0 },
    image: closed({ repository: { ...text, minLength: 1 }, tag: text, digest: { ...text, pattern: '^(sha256:[0-9a-f]{64})?$' }, pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] } }),
    imagePullSecrets: trees,
    nameOverride: text,
    fullnameOverride: text,
    config: withoutSecrets(JSON.parse(JSON.stringify(jsonSchema))),
    secrets: closed({
      existingSecret: secretName,
      keys: closed(Object.fromEntries(secretNames.map((name) => [name, secretName]))),
      inline: closed(Object.fromEntries(secretNames.map((name) => [name, text])))
    }),
    rollOnConfigChange: flag,
    service: closed({ type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] }, port: { type: 'integer', minimum: 1, maximum: 65535 }, annotations: labels, externalTrafficPolicy: { enum: ['', 'Cluster', 'Local'] } }),
    ingress: closed({ enabled: flag, className: text, annotations: labels, hosts: texts, tls: trees }),
    httpRoute: closed({ enabled: flag, annotations: labels, parentRefs: trees, hostnames: texts, timeouts: labels }),
    resources: tree,
    autoscaling: closed({ enabled: flag, minReplicas: count, maxReplicas: count, targetCPUUtilizationPercentage: { type: 'integer', minimum: 1, maximum: 100 }, behavior: tree }),
    podDisruptionBudget: closed({ enabled: flag, maxUnavailable: { type: ['integer', 'string'] } }),
    networkPolicy: closed({ enabled: flag, from: trees, adminFrom: trees, egress: trees }),
    serviceMonitor: closed({ enabled: flag, labels, interval: { ...text, pattern: '^\\d+(ms|s|m|h)$' } }),
    prometheusRule: closed({ enabled: flag, labels }),
    dashboard: closed({ enabled: flag, labels }),
    serviceAccount: closed({ create: flag, name: text, annotations: labels }),
    updateStrategy: tree,
    terminationGracePeriodSeconds: count,
    podAnnotations: labels,
    podLabels: labels,
    podSecurityContext: tree,
    securityContext: tree,
    nodeSelector: labels,
    tolerations: trees,
    affinity: tree,
    topologySpreadConstraints: trees,
    priorityClassName: text,
    hostAliases: trees,
    dnsConfig: tree,
    startupProbe: tree,
    livenessProbe: tree,
    readinessProbe: tree,
    extraArgs: texts,
    extraEnv: trees,
    envFrom: trees,
    extraVolumes: trees,
    extraVolumeMounts: trees,
    extraContainers: trees,
    extraInitContainers: trees,
    extraObjects: { type: 'array', items: { type: ['object', 'string'] } },
    global: tree // Helm's own, when this chart is part of another
  })
}

/** The file's text. */
export function valuesSchemaText (): string {
  return `${JSON.stringify(valuesSchema, null, 2)}\n`
}

function closed (properties: Readonly<Record<string, unknown>>): object {
  return { type: 'object', properties, additionalProperties: false }
}

/**
 * The configuration's schema without what must not be in a ConfigMap: a secret comes as a file.
 */
function withoutSecrets (node: Node): Node {
  const { $schema, properties, items, anyOf, ...rest } = node
  return {
    ...rest,
    ...properties === undefined ? {} : { properties: Object.fromEntries(Object.entries(properties).flatMap(([name, child]) => child.writeOnly === true ? [] : [[name, withoutSecrets(child)]])) },
    ...items === undefined ? {} : { items: withoutSecrets(items) },
    ...anyOf === undefined ? {} : { anyOf: anyOf.map(withoutSecrets) }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(new URL('aihubmix-gateway/values.schema.json', import.meta.url), valuesSchemaText())
