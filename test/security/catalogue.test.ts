import t from 'tap'
import { catalogue } from './catalogue.ts'
import { testsThatNameARow } from './titles.ts'

const named = testsThatNameARow()
const numbered = (letter: string, last: number): readonly string[] => Array.from({ length: last }, (_value, index) => `${letter}-${String(index + 1).padStart(2, '0')}`)
const never = new Set(['T-38', 'T-52', 'T-64'])

t.test('the catalogue has all its rows', async (t) => {
  t.strictSame(Object.keys(catalogue), [...numbered('T', 150).filter((id) => !never.has(id)), ...numbered('S', 22)])
})

// Said as it is checked: `node test/security/catalogue.test.ts` is the catalogue's report.
t.test('every row has a test that names it, in each file that is said to hold it', async (t) => {
  for (const [id, [asks, ...files]] of Object.entries(catalogue)) {
    const tests = named.filter(({ ids }) => ids.includes(id))
    t.ok(files.length > 0, `${id} ${asks}`)
    for (const file of files) t.ok(tests.some((test) => test.file === file), `${id} ${asks}: ${file}`)
    t.comment([`${id} ${asks}`, ...tests.map(({ file, title }) => `    ${file}: ${title}`)].join('\n'))
  }
})

t.test('no test names a row that there is not', async (t) => {
  t.strictSame(named.filter(({ ids }) => ids.some((id) => !(id in catalogue))), [])
})
