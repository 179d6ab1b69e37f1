import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { keyReference } from '../../src/config/describe.ts'
import { jsonSchema, listItem, nodeAt, properties } from '../../src/config/outline.ts'

/**
 * Writes docs/configuration.md from the one definition of the configuration. `npm run docs:reference`; a test holds that the page is
 * in step.
 */

type Node = typeof jsonSchema

interface Row {
  readonly key: string
  readonly variables: readonly string[]
  readonly default: unknown
  readonly description: string
}

/** The page's text. */
export function configurationPage (): string {
  const sections = Object.entries(properties(jsonSchema)).filter(([name]) => name !== 'routes')
  return `${head}
${sections.map(([name, node]) => section(name, node)).join('\n')}
## routes

A list; the longest path wins, then the host, then the method. In the environment only \`GATEWAY_UPSTREAM\` speaks of routes: it is one
route \`/\` for everybody who is signed in.

${table(routeRows(listItem(nodeAt(['routes']) ?? {}) ?? {}, []), false)}
`
}

const head = `# Configuration reference

<!-- Made by \`npm run docs:reference\` from the schema; do not edit. -->

One YAML file (JSON is YAML), or environment variables alone, or both; the environment wins. Unknown keys, wrong types and
contradictions stop the start, all listed at once, by \`aihubmix-gateway check\` too. Durations need a unit (\`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`30d\`),
sizes too (\`512B\`, \`32KiB\`, \`10MB\`). In the environment lists are comma separated and maps are \`name=value\` pairs. A secret can be read
from a file: its key with \`File\`, its variable with \`_FILE\` at the end. The same with comments is \`config/example.yaml\`; for editors,
\`aihubmix-gateway schema\` prints the JSON Schema.
`

function section (name: string, node: Node): string {
  const rows = keyReference().filter(({ key }) => key.startsWith(`${name}.`))
  return `## ${name}\n\n${node.description ?? ''}.\n\n${table(rows, true)}\n`
}

function table (rows: readonly Row[], withVariables: boolean): string {
  const heads = ['key', 'default', 'what it does', ...withVariables ? ['variable'] : []]
  const lines = rows.map(({ key, variables, default: byDefault, description }) =>
    [`\`${key}\``, defaultText(byDefault), escaped(description), ...withVariables ? [variables.map((variable) => `\`${variable}\``).join(' ')] : []])
  return [heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function routeRows (node: Node, path: readonly string[]): readonly Row[] {
  return Object.entries(properties(node)).flatMap(([name, child]) => {
    const inner = routeRows(child, [...path, name])
    return inner.length > 0 ? inner : [{ key: [...path, name].join('.'), variables: [], default: child.default, description: child.description ?? '' }]
  })
}

function defaultText (value: unknown): string {
  return value === undefined ? 'none' : `\`${escaped(JSON.stringify(value).replaceAll('"', ''))}\``
}

/** A bar would end the table's cell, an angle bracket would begin a tag. */
function escaped (text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('{{', '&#123;&#123;')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(new URL('../configuration.md', import.meta.url), configurationPage())
