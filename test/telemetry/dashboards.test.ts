import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { errorCatalogue } from '../../src/errors.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { collectProcessMetrics } from '../../src/telemetry/process-metrics.ts'

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const alertsText = textOf('helm/aihubmix-gateway/files/alerts.yaml')
const dashboard = JSON.parse(textOf('helm/aihubmix-gateway/files/dashboard.json'))
const runbook = textOf('docs/operations.md')

interface Alert { readonly alert: string, readonly expr: string, readonly for: string, readonly annotations: { readonly summary: string, readonly runbook: string } }
const alerts: readonly Alert[] = parse(alertsText).groups.flatMap((group: { rules: Alert[] }) => group.rules)

/** Every series there is, with its labels, as Prometheus would scrape it. */
async function knownSeries (): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const metrics = createMetrics('1.2.3')
  collectProcessMetrics(metrics.registry)
  const own = metrics.registry.getMetricsAsArray() as ReadonlyArray<{ readonly name: string, readonly type: string, readonly labelNames?: readonly string[] }>
  return new Map(own.flatMap(({ name, type, labelNames = [] }) => (type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
    .map((suffix) => [name + suffix, new Set([...labelNames, ...(suffix === '_bucket' ? ['le'] : [])])] as const)))
}

/** The metrics an expression names, each with the labels that are asked of it. */
function namesIn (expr: string): ReadonlyArray<{ readonly name: string, readonly labels: readonly string[] }> {
  return Array.from(expr.matchAll(/\b((?:aihubmix_gateway|nodejs|process)_\w+)(?:\{([^}]*)\})?/g), ([, name = '', matchers = '']) => ({
    name,
    labels: Array.from(matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g), ([, label = '']) => label).filter((label) => label !== 'job')
  }))
}

function expressionsIn (value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(expressionsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => ['expr', 'query'].includes(key) && typeof inner === 'string' ? [inner] : expressionsIn(inner))
}

t.test('dashboard and alerts name metrics and labels that exist, and leave no family of them out', async (t) => {
  const known = await knownSeries()
  const expressions = [...alerts.map(({ expr }) => expr), ...expressionsIn(dashboard)]
  t.ok(expressions.length > 40, `${expressions.length} expressions`)
  for (const expr of expressions) {
    for (const { name, labels } of namesIn(expr)) {
      t.ok(known.has(name), name)
      for (const label of labels) t.ok(known.get(name)?.has(label), `${name} has ${label}`)
    }
    for (const [, by = ''] of expr.matchAll(/by \(([^)]*)\)/g)) {
      for (const label of by.split(/,\s*/).filter((label) => label !== 'instance')) t.ok(namesIn(expr).every(({ name }) => known.get(name)?.has(label)), `${label} in ${expr}`)
    }
  }
  const shown = new Set(expressions.flatMap(namesIn).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
  const own = new Set([...known.keys()].filter((name) => name.startsWith('aihubmix_gateway_')).map((name) => name.replace(/_(bucket|sum|count)$/, '')))
  t.strictSame([...own].filter((name) => !shown.has(name)), [], 'everything we count is shown somewhere')
})

t.test('every alert says what it means, waits for how long, and has its chapter in the runbook', async (t) => {
  t.ok(alerts.length >= 10)
  for (const { alert, for: wait, annotations } of alerts) {
    t.match(wait, /^\d+m$/)
    t.ok(annotations.summary.length > 10)
    t.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`)
    t.match(runbook, new RegExp(`^### ${alert}$`, 'm'), alert)
  }
  const chapters = Array.from(runbook.matchAll(/^### (Aihubmix\w+)$/gm), ([, name]) => name)
  t.strictSame(chapters.filter((name) => !alerts.some(({ alert }) => alert === name)), [], 'and no chapter is about an alert that is gone')
})

t.test('every error code is in the runbook, with its status, and none that is gone', async (t) => {
  const rows = new Map(Array.from(runbook.matchAll(/^\| `(\w+)` \| (\d{3}) \| (.+) \| (.+) \|$/gm), ([, code = '', status = '', means = '', then = '']) => [code, { status: Number(status), means, then }]))
  for (const [code, { status }] of Object.entries(errorCatalogue)) {
    t.equal(rows.get(code)?.status, status, code)
    t.ok((rows.get(code)?.means.length ?? 0) > 10 && (rows.get(code)?.then.length ?? 0) > 5, `${code} is explained`)
  }
  t.strictSame([...rows.keys()].filter((code) => !(code in errorCatalogue)), [])
})
