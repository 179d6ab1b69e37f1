import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'

function run (...args: readonly string[]) {
  const script = `import { emulatorCommand } from ${JSON.stringify(new URL('../../src/cli/emulator.ts', import.meta.url).href)}; process.exitCode = await emulatorCommand(process.argv.slice(1))`
  return spawn(process.execPath, ['--input-type=module', '--eval', script, '--', ...args])
}

async function ended (child: ReturnType<typeof run>) {
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk))
  const [exitCode] = await once(child, 'close')
  return { exitCode, output: Buffer.concat(output).toString() }
}

t.test('the command prints what a developer needs, serves, and ends on SIGTERM', async (t) => {
  const child = run('--listen', '127.0.0.1:0')
  const [banner] = await once(child.stdout, 'data')
  for (const part of ['client_id', 'client_secret', 'http://localhost:4180/oauth2/callback', 'developer-token', 'control token', '"user123"']) t.match(String(banner), part)
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(String(banner)) ?? []
  t.equal((await fetch(`${url}/api/status`)).status, 200)
  child.kill('SIGTERM')
  t.equal((await ended(child)).exitCode, 0)
})

t.test('an address that others can reach is refused with exit code 2', async (t) => {
  t.match(await ended(run('--listen', '0.0.0.0:4182')), { exitCode: 2, output: /loopback only/ })
})

t.test('an unknown flag or preset is refused, and help is given', async (t) => {
  t.match(await ended(run('--port', '1')), { exitCode: 2, output: /emulator --help/ })
  t.match(await ended(run('--preset', 'chaos', '--listen', '127.0.0.1:0')), { exitCode: 2, output: /Known: happy/ })
  t.match(await ended(run('--help')), { exitCode: 0, output: /--preset/ })
})
