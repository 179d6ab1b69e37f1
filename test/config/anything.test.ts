import { writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { keyReference } from '../../src/config/describe.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigProblems } from '../../src/config/problems.ts'
import { nodeAt, properties } from '../../src/config/outline.ts'
import { minimal, overlay } from './configured.ts'

const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('30s', '1MiB', 'http://a', 'https://a.example', '10.0.0.0/8', '__proto__', 'unix:/a', null, {}, []))
const name = fc.constantFrom(...new Set([...keyReference().flatMap(({ key }) => key.split('.')), ...Object.keys(properties(nodeAt(['routes', 0]) ?? {})), '__proto__', 'constructor']))
const section = fc.dictionary(name, fc.oneof(value, fc.dictionary(name, value), fc.array(fc.dictionary(name, value), { maxLength: 3 })))
const configuration = fc.dictionary(fc.constantFrom('server', 'admin', 'aihubmix', 'session', 'identity', 'headers', 'routes', 'log', 'x'), fc.oneof(value, section, fc.array(section, { maxLength: 4 })))
const environment = fc.dictionary(fc.constantFrom('GATEWAY_UPSTREAM', 'GATEWAY_X', 'OAUTH_CLIENT_ID', ...keyReference().flatMap(({ variables }) => variables)), fc.string({ unit: 'grapheme' }), { maxKeys: 6 })

/** True when the configuration was accepted or refused; anything else is thrown on. */
async function isAnswered (file: string, text: string, env: Record<string, string>): Promise<boolean> {
  await writeFile(file, text)
  try {
    await loadConfig({ file, env })
    return true
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems.length > 0
    throw error
  }
}

t.test('whatever the file and the environment hold, the answer is a configuration or a list of problems', async (t) => {
  const file = `${t.testdir()}/gateway.yaml`
  await fc.assert(fc.asyncProperty(configuration, environment, async (over, env) => await isAnswered(file, stringify(overlay(minimal, over)), env)), { numRuns: 500 })
})

t.test('whatever text is in the file', async (t) => {
  const file = `${t.testdir()}/gateway.yaml`
  const piece = fc.constantFrom('server:', 'a', '\n', '  ', '- ', '{', '}', '[', ']', '*a', '&a ', '!b ', '"', "'", '? ', ': ', '|', '>', '#', '%', '@', '---', '\t', '<<: ', '\0', '\ufeff')
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')))
  await fc.assert(fc.asyncProperty(text, async (text) => await isAnswered(file, text, {})), { numRuns: 500 })
})
