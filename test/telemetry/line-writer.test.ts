import { spawn, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLineWriter } from '../../src/telemetry/line-writer.ts'
import { until } from '../rig/until.ts'

const droppedLine = (count: number): string => `dropped ${count}\n`

async function folderFor (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-lines-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

async function fileFor (t: Test): Promise<{ readonly file: string, readonly fd: number }> {
  const file = join(await folderFor(t), 'log')
  const fd = openSync(file, 'a')
  t.after(() => closeSync(fd))
  return { file, fd }
}

/** A pipe nobody reads yet; writing to it does not block. */
async function pipeFor (t: Test): Promise<{ readonly fd: number, readonly read: () => Promise<string> }> {
  const file = join(await folderFor(t), 'pipe')
  execFileSync('mkfifo', [file])
  const readEnd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  const fd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK)
  return {
    fd,
    async read () {
      const taken = openSync(`${file}-taken`, 'w') // a file: nobody here reads while the writer writes
      const reader = spawn('cat', [file], { stdio: ['ignore', taken, 'ignore'] })
      await once(reader, 'close')
      for (const open of [readEnd, taken]) closeSync(open)
      return readFileSync(`${file}-taken`, 'utf8')
    }
  }
}

t.test('lines arrive whole, in order and once, of any length and any script', async (t) => {
  const { file, fd } = await fileFor(t)
  const writer = createLineWriter(fd, { flushMs: 1, droppedLine })
  const lines = Array.from({ length: 5_000 }, (_value, index) => `${index} ${'用户é'.repeat(index % 97)}\n`)
  lines.splice(100, 0, `long ${'x'.repeat(200_000)}\n`, `longer ${'字'.repeat(300_000)}\n`)
  for (const line of lines) writer.write(line)
  const expected = lines.join('')
  await until(() => readFileSync(file, 'utf8').length === expected.length)
  t.ok(readFileSync(file, 'utf8') === expected)
})

t.test('a single line does not wait for company', async (t) => {
  const { file, fd } = await fileFor(t)
  const writer = createLineWriter(fd, { flushMs: 1, droppedLine })
  writer.write('alone\n')
  t.equal(readFileSync(file, 'utf8'), '', 'but a moment')
  await until(() => readFileSync(file, 'utf8') === 'alone\n')
})

t.test('at the end of the process everything is written before it ends', async (t) => {
  const { file, fd } = await fileFor(t)
  const writer = createLineWriter(fd, { droppedLine })
  const lines = Array.from({ length: 3_000 }, (_value, index) => `${index} ${'x'.repeat(50)}\n`)
  for (const line of lines) writer.write(line)
  writer.flushSync()
  await until(() => readFileSync(file, 'utf8').length >= lines.join('').length)
  t.strictSame(readFileSync(file, 'utf8').split('\n').toSorted(), lines.join('').split('\n').toSorted(), 'what a thread was writing is neither lost nor repeated')
})

t.test('a reader that stands still fills neither memory nor time: what is beyond is dropped, and said', async (t) => {
  const { fd, read } = await pipeFor(t)
  const writer = createLineWriter(fd, { flushMs: 1, droppedLine })
  const line = `${'x'.repeat(999)}\n`
  for (let index = 0; index < 20_000; index++) writer.write(line)
  const reading = read()
  writer.flushSync()
  writer.write('after\n')
  writer.flushSync()
  closeSync(fd)
  const text = await reading
  const kept = text.split('\n').filter((one) => one.startsWith('x')).length
  t.ok(kept > 7_000 && kept < 10_000, `${kept} lines of 1,000 bytes kept`)
  const dropped = Number(/^dropped (\d+)$/m.exec(text)?.[1])
  t.equal(kept + dropped, 20_000)
  t.equal(text.endsWith('\nafter\n'), true)
})

t.test('a reader that is gone takes the log with it, not the gateway', async (t) => {
  const { file } = await fileFor(t)
  const readOnly = openSync(file, 'r')
  t.after(() => closeSync(readOnly))
  const writer = createLineWriter(readOnly, { flushMs: 1, droppedLine })
  for (let index = 0; index < 10; index++) writer.write('x\n')
  writer.flushSync()
  writer.write('y\n')
  t.equal(readFileSync(file, 'utf8'), '')
})
