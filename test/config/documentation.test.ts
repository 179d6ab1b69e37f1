import { readFile } from 'node:fs/promises'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'

t.test('the example of docs/access-rules.md is a configuration that can be used', async (t) => {
  const text = await readFile(new URL('../../docs/access-rules.md', import.meta.url), 'utf8')
  const example = /```yaml\n([^]*?)```/.exec(text)?.[1] ?? ''
  const dir = t.testdir({ 'gateway.yaml': example })
  const { config, warnings } = await loadConfig({ file: `${dir}/gateway.yaml`, env: {} })
  t.equal(config.routes.length, 6)
  t.same(warnings.filter((warning) => warning.startsWith('routes')), [])
})
