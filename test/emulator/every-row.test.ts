import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { faultKinds } from '../../src/emulator/faults/kinds.ts'
import { faultEndpoints } from '../../src/emulator/faults/stages.ts'
import { presetNames } from '../../src/emulator/presets.ts'
import { seededUsers } from '../../src/emulator/seeded-users.ts'
import { startRig } from '../rig/rig.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const src = fileURLToPath(new URL('../../src/', import.meta.url))

/** Every row of the emulator's specification that can be tested by itself. */
const rows = ['E-01', 'E-02', 'E-03', 'E-04', 'E-10', 'E-11', 'E-12', 'E-13', 'E-14', 'E-15', 'E-16', 'E-17', 'E-20', 'E-21', 'E-22', 'E-23', 'E-24', 'E-25', 'E-26', 'E-27', 'E-50', 'E-51', 'E-52', 'E-53', 'E-54', 'E-55', 'E-56', 'E-57', 'E-58', 'E-59']

t.test('every row has a test that names it', async (t) => {
  const titles = globSync('*.test.ts', { cwd: here }).flatMap((file) => Array.from(readFileSync(join(here, file), 'utf8').matchAll(/t\.test\((['`])(.*?)(?<!\\)\1/g), (match) => match[2] ?? ''))
  for (const row of rows) t.ok(titles.some((title) => title.includes(row)), row)
})

t.test('no listener of the gateway serves a part of the emulator', async (t) => {
  const rig = await startRig(t)
  const paths = ['/__emulator/state', '/__emulator/faults', '/status', '/api/oauth2/authorize', '/api/oauth2/token', '/api/oauth2/userinfo', '/login', '/user/authorizations', '/console/apps', '/topup']
  for (const path of paths) {
    const answer = await rig.newBrowser().fetch(path, { headers: { authorization: `Bearer ${rig.emulator.controlToken}` } })
    t.equal(answer.status, 401, `public ${path}: an address of the app like any other`)
    t.equal(answer.headers['x-aihubmix-emulator'], undefined)
    t.equal((await fetch(`${rig.adminUrl}${path}`)).headers.get('x-aihubmix-emulator'), null, `admin ${path}`)
  }
})

t.test('the gateway and `serve` reach no file of the emulator', async (t) => {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const match of readFileSync(join(src, file), 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) visit(normalize(join(dirname(file), match[1] ?? '')))
  }
  for (const entry of ['gateway.ts', 'cli/serve.ts']) visit(entry)
  t.ok(seen.size > 60, 'the imports are found')
  t.same([...seen].filter((file) => /^(emulator|demo)\//.test(file)), [])
})

t.test('the manual names every fault, preset, endpoint and seeded user', async (t) => {
  const manual = readFileSync(new URL('../../docs/emulator.md', import.meta.url), 'utf8')
  for (const name of [...Object.keys(faultKinds), ...presetNames, ...faultEndpoints]) t.ok(manual.includes(`\`${name}\``), name)
  for (const { userinfo: { username } } of seededUsers) t.ok(manual.includes(username.slice(0, 7)), username)
})
