import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly [field: string]: unknown
}

interface Model { validate (): void }

const packages: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator'
}

const compilerOptions = { noEmit: true, strict: true, skipLibCheck: true, module: 'nodenext', target: 'es2022', types: [] }

/** What the Kubernetes API server would say against the manifests, but for unknown fields; empty when nothing. */
export async function invalid (manifests: readonly Manifest[]): Promise<readonly string[]> {
  const complaints = await Promise.all(manifests.map(async (manifest) => {
    const Model = await modelOf(manifest)
    try {
      new Model(manifest).validate()
      return []
    } catch (error) {
      return [`${title(manifest)}: ${error instanceof Error ? error.message : error}`]
    }
  }))
  return complaints.flat()
}

/** Fields that no such manifest has (`kubectl apply --validate=strict`): TypeScript's check for excess properties finds them. */
export async function unknownFields (manifests: readonly Manifest[]): Promise<string> {
  await mkdir(join(root, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, '.cache/manifests-'))
  const file = join(folder, 'rendered.ts')
  const lines = manifests.map((manifest, i) => `import type { I${manifest.kind} as T${i} } from '${moduleOf(manifest)}'
// ${title(manifest)}
export const manifest${i}: T${i} = ${JSON.stringify(manifest, null, 1)}`)
  await writeFile(file, lines.join('\n'))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['rendered.ts'] }))
  try {
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', folder])
    return ''
  } catch (error) {
    return error !== null && typeof error === 'object' && 'stdout' in error ? String(error.stdout) : String(error)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function moduleOf ({ apiVersion }: Manifest): string {
  return `${packages[apiVersion.split('/')[0] ?? ''] ?? 'kubernetes-models'}/${apiVersion}`
}

async function modelOf (manifest: Manifest): Promise<new (data: Manifest) => Model> {
  const models: Record<string, new (data: Manifest) => Model> = await import(moduleOf(manifest))
  const model = models[manifest.kind]
  if (model === undefined) throw new Error(`Kubernetes knows no ${title(manifest)}`)
  return model
}

function title ({ apiVersion, kind, metadata }: Manifest): string {
  return `${apiVersion} ${kind} ${metadata.name}`
}
