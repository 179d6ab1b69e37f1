import { execFile } from 'node:child_process'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { minimal } from './configured.ts'

interface Ended { readonly code: number, readonly out: string, readonly err: string }

/** Runs one command in a process of its own, as `main.ts` does. */
function run (command: 'check' | 'schema' | 'keygen', argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const url = new URL(`../../src/cli/${command}.ts`, import.meta.url)
  const script = `import { ${command}Command } from '${url.href}'; process.exitCode = await ${command}Command(process.argv.slice(1))`
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['--input-type=module', '-e', script, '--', ...argv], { env }, (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }))
  })
}

t.test('check prints the configuration in force without secrets, and ends with 0', async (t) => {
  const dir = t.testdir({ 'gateway.yaml': stringify(minimal) })
  const { code, out, err } = await run('check', ['--config', `${dir}/gateway.yaml`], { GATEWAY_LOG_LEVEL: 'warn' })
  t.equal(code, 0)
  t.match(parse(out), { server: { publicUrl: 'https://app.example.com' }, log: { level: 'warn' }, aihubmix: { clientSecret: '********' } })
  t.match(err, /^warning: session\.redis is not set/)
})

t.test('the verdict of check stands before the configuration, which --quiet leaves out', async (t) => {
  const dir = t.testdir({ 'gateway.yaml': stringify(minimal) })
  const both = (argv: string): Promise<string> => new Promise((resolve) => {
    execFile('sh', ['-c', `'${process.execPath}' '${new URL('../../src/main.ts', import.meta.url).pathname}' check --config '${dir}/gateway.yaml' ${argv} 2>&1`], (_, out) => resolve(out))
  })
  t.match(await both(''), /^warning: [^\n]*\nThe configuration is good\.\n# In force, secrets masked:\nserver:\n/)
  t.match(await both('--quiet'), /^warning: [^\n]*\nThe configuration is good\.\n$/)
})

t.test('check prints every problem to standard error, and ends with 1', async (t) => {
  const dir = t.testdir({ 'gateway.yaml': 'server:\n  publicURL: https://a\nlog: { level: loud }\n' })
  const { code, out, err } = await run('check', [], { GATEWAY_CONFIG: `${dir}/gateway.yaml` })
  t.equal(code, 1)
  t.equal(out, '')
  t.match(err, /gateway\.yaml:2:3 server\.publicURL: is not a known key\. Did you mean publicUrl\?\n/)
  t.match(err, /gateway\.yaml:3:8 log\.level: must be one of fatal, error/)
  t.match(err, /6 problems\. Correct them/)
})

for (const argv of [['--confg', 'x'], ['extra'], ['--config']]) {
  t.test(`check ${argv.join(' ')} is answered in two lines: what, and what to do; and ends with 2`, async (t) => {
    const { code, out, err } = await run('check', argv)
    t.equal(code, 2)
    t.equal(out, '')
    t.equal(err.trimEnd().split('\n').length, 2, err)
  })
}

for (const command of ['check', 'schema', 'keygen'] as const) {
  t.test(`${command} --help explains it`, async (t) => t.match(await run(command, ['--help']), { code: 0, out: new RegExp(`^aihubmix-gateway ${command}`), err: '' }))
}

t.test('schema prints JSON Schema draft 7 that knows every section and requires nothing the environment could hold', async (t) => {
  const { out } = await run('schema', [])
  const schema: unknown = JSON.parse(out)
  t.match(schema, { $schema: 'http://json-schema.org/draft-07/schema#', additionalProperties: false, properties: { session: { properties: { maxAge: { default: '30d', description: String } } } } })
  t.notMatch(out, '"required":')
})

t.test('keygen prints another key of 32 bytes each time', async (t) => {
  const [one, two] = await Promise.all([run('keygen', []), run('keygen', [])])
  t.equal(Buffer.from(one.out.trim(), 'base64').length, 32)
  t.not(one.out, two.out)
})

t.test('a command that is not known is answered with the one that was likely meant; --version with the version alone', async (t) => {
  const main = (...argv: readonly string[]): Promise<Ended> => new Promise((resolve) => {
    const child = execFile(process.execPath, [new URL('../../src/main.ts', import.meta.url).pathname, ...argv], { env: {} }, (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }))
  })
  t.match(await main('chek'), { code: 2, out: '', err: /There is no command "chek"\.\nDid you mean check\?/ })
  t.match(await main('xyzzy'), { code: 2, out: '', err: /There is no command "xyzzy"\.\nRun `aihubmix-gateway --help`/ })
  t.match(await main('--version'), { code: 0, out: /^\d+\.\d+\.\d+\n$/, err: '' })
})
