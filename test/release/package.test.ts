import { execFile } from 'node:child_process'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

t.test('what npm would publish is the built program, its documents and its example configurations, and it runs', async (t) => {
  const folder = t.testdir({ built: {} })
  // A copy: the build must not write where other tests are reading.
  const copy = join(folder, 'built')
  await run('git', ['-C', root, 'ls-files', '-z', 'src', 'config', 'docs', '*.md', 'LICENSE', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
    .then(async ({ stdout }) => await run('cp', ['--parents', ...stdout.split('\0').filter(Boolean), copy], { cwd: root }))
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  const { stdout } = await run('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], { cwd: copy, maxBuffer: 16 * 1024 * 1024 })
  const [{ files, filename, unpackedSize }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')))
  const paths: readonly string[] = files.map(({ path }: { path: string }) => path)

  t.strictSame([...new Set(paths.map((path) => path.split('/')[0]))].sort(), ['CHANGELOG.md', 'LICENSE', 'README.md', 'README.zh-CN.md', 'README.zh-TW.md', 'config', 'dist', 'docs', 'package.json'])
  t.strictSame(paths.filter((path) => /\.ts$|test|\.env|client-secret|session-keys|\.log$/.test(path.replace(/\.d\.ts$/, ''))), [])
  t.ok(unpackedSize < 4 * 1024 * 1024, `${unpackedSize} bytes`)

  await run('tar', ['-xzf', join(folder, filename), '-C', folder])
  await symlink(join(root, 'node_modules'), join(folder, 'package/node_modules'))
  const program = join(folder, 'package', manifest.bin['aihubmix-gateway'])
  t.match(await readFile(program, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  t.equal((await run(process.execPath, [program, '--version'])).stdout, `${manifest.version}\n`)
  t.match((await run(process.execPath, [program, 'check', '--config', join(folder, 'package/config/minimal.yaml')])).stdout, 'publicUrl: https://app.example.com')
})

t.test('package and chart say the same version, and the changelog knows it or what comes next', async (t) => {
  t.match(await readFile(join(root, 'helm/aihubmix-gateway/Chart.yaml'), 'utf8'), `\nappVersion: ${manifest.version}\n`)
  t.match(await readFile(join(root, 'CHANGELOG.md'), 'utf8'), new RegExp(`^## (\\[?${manifest.version.replaceAll('.', '\\.')}|Unreleased)`, 'mi'))
})
