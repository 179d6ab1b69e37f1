import { readFile } from 'node:fs/promises'
import t from 'tap'
import { keys, nodeAt, properties } from '../../src/config/outline.ts'
import { pathText } from '../../src/config/problems.ts'
import { isTree } from '../../src/config/tree.ts'
import { load, overlay, minimal, problemsOf } from './configured.ts'
import { keyTable, type KeyRow } from './key-table.ts'

type Segments = ReadonlyArray<string | number>

const segmentsOf = (path: string): Segments => path.split(/[.[\]]+/).map((segment) => /^\d+$/.test(segment) ? Number(segment) : segment)

/** A tree that holds `value` at `path` and what lies in `base` beside it. */
function planted (base: unknown, [segment, ...rest]: Segments, value: unknown): unknown {
  if (segment === undefined) return value
  if (typeof segment === 'number') return [planted(Array.isArray(base) ? base[segment] : {}, rest, value)]
  const tree = isTree(base) ? base : {}
  return { ...tree, [segment]: planted(tree[segment], rest, value) }
}

function reached (tree: unknown, path: Segments): unknown {
  return path.reduce<unknown>((node, segment) => Object.entries(Object(node)).find(([name]) => name === String(segment))?.[1], tree)
}

function configurationWith (row: KeyRow, path: Segments, value: unknown): object {
  return Object(planted(overlay(minimal, row.with ?? {}), path, value))
}

t.test('the table names every key there is', async (t) => {
  const outside = keys.map(({ path }) => pathText(path)).filter((path) => !isSecretFile(path))
  const named = new Set(keyTable.map(({ key }) => key))
  t.same([...outside, ...keysOfARoute()].filter((path) => !named.has(path)), [])
})

/** Keys that name the file of a secret are the business of secret-files.test.ts. */
function isSecretFile (path: string): boolean {
  return ['admin.tokenFile', 'aihubmix.clientSecretFile', 'session.keysFile', 'session.redis.urlFile', 'session.redis.passwordFile', 'session.redis.sentinels.passwordFile'].includes(path)
}

function keysOfARoute (path: Segments = ['routes', 0]): readonly string[] {
  const children = Object.keys(properties(nodeAt(path) ?? {}))
  return children.length === 0 ? [pathText(path)] : children.flatMap((name) => keysOfARoute([...path, name]))
}

for (const row of keyTable) {
  const path = segmentsOf(row.key)
  const name = String(path.at(-1))

  t.test(`${row.key} does what it says (T-149)`, async (t) => {
    const over = configurationWith(row, path, row.set)
    t.same(reached((await load(t, { over })).config, path), row.gives)
  })

  t.test(`${row.key} misspelt is refused with the nearest name (T-149)`, async (t) => {
    const misspelt = name.slice(0, 1) + name.slice(2)
    const problems = await problemsOf(t, { over: configurationWith(row, [...path.slice(0, -1), misspelt], row.set) })
    t.match(problems.find(({ message }) => message === 'is not a known key'), { path: pathText([...path.slice(0, -1), misspelt]), hint: `Did you mean ${name}?` })
  })

  t.test(`${row.key} of a wrong type or form is refused at its line (T-149)`, async (t) => {
    const problems = await problemsOf(t, { over: configurationWith(row, path, row.wrong) })
    const problem = problems.find((problem) => problem.path.startsWith(row.key))
    const lines = (await readFile(`${t.testdirName}/gateway.yaml`, 'utf8')).split('\n')
    const line = Number(problem?.where.split(':')[1])
    t.ok(lines.slice(Math.max(0, line - 2), line).join().includes(`${name}:`), `${problem?.where} is where ${name} stands`)
  })
}
