import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { rows } from './rows.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Every test of the table: the row it begins with, its title, its file. */
const tests = globSync('*.test.ts', { cwd: here }).toSorted().flatMap((file) =>
  Array.from(readFileSync(join(here, file), 'utf8').matchAll(/^t\.test\('(V-\d\d) ((?:[^'\\]|\\.)*)'/gm), (match) => ({ row: match[1] ?? '', title: match[2] ?? '', file })))

t.test('each of the 45 rows has a test against the whole gateway, and no test has a row that is not in the table', async (t) => {
  t.equal(Object.keys(rows).length, 45)
  for (const [row, variant] of Object.entries(rows)) {
    const own = tests.filter((test) => test.row === row)
    t.ok(own.length > 0, `${row} (${variant}) has a test`)
    for (const { title, file } of own) t.comment(`${row}  ${variant}: ${title}  [${file}]`)
  }
  t.same(tests.filter(({ row }) => rows[row] === undefined), [])
})

t.test('no test of the table is skipped or put off', async (t) => {
  for (const file of globSync('*.test.ts', { cwd: here })) t.notMatch(readFileSync(join(here, file), 'utf8'), /\b(skip|todo):/, file)
})
