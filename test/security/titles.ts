import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** A test as its file declares it. */
export interface NamedTest {
  /** Below `test/`, without `.test.ts`. */
  readonly file: string
  /** As written; `…` stands for what is filled in when it runs. */
  readonly title: string
  /** The rows of the catalogue that it names. */
  readonly ids: readonly string[]
}

const folder = fileURLToPath(new URL('..', import.meta.url))

/** Every test of every file whose title names a row of the catalogue. */
export function testsThatNameARow (): readonly NamedTest[] {
  return globSync('**/*.test.ts', { cwd: folder }).toSorted().flatMap((name) => {
    const file = name.slice(0, -'.test.ts'.length)
    return titlesIn(readFileSync(`${folder}${name}`, 'utf8')).flatMap((title) => {
      const ids = title.match(/\b[TS]-\d{2,3}\b/g) ?? []
      return ids.length === 0 ? [] : [{ file, title, ids }]
    })
  })
}

/** The titles of the tests in a text, those included that a function of it makes of an id it is given. */
function titlesIn (text: string): readonly string[] {
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest)
  const makers = new Map(source.statements.filter(ts.isFunctionDeclaration).map((declaration) => [declaration.name?.text, declaration]))
  return callsIn(source).flatMap((call) => {
    const [first, ...others] = call.arguments
    if (first === undefined) return []
    if (others.some((argument) => ts.isArrowFunction(argument) || ts.isFunctionExpression(argument))) return textOf(first) ?? []
    const maker = ts.isIdentifier(call.expression) ? makers.get(call.expression.text) : undefined
    return maker === undefined ? [] : titlesMadeBy(maker, textOf(first))
  })
}

function titlesMadeBy (maker: ts.FunctionDeclaration, given: string | null): readonly string[] {
  const parameter = maker.parameters[0]?.name
  if (given === null || parameter === undefined || !ts.isIdentifier(parameter)) return []
  return callsIn(maker).flatMap(({ expression, arguments: [title] }) => {
    const isTest = ts.isPropertyAccessExpression(expression) && expression.name.text === 'test'
    return !isTest || title === undefined ? [] : textOf(title, new Map([[parameter.text, given]])) ?? []
  })
}

function callsIn (node: ts.Node): readonly ts.CallExpression[] {
  const calls: ts.CallExpression[] = ts.isCallExpression(node) ? [node] : []
  ts.forEachChild(node, (child) => { calls.push(...callsIn(child)) })
  return calls
}

/** What a literal says; null for anything else. */
function textOf (node: ts.Expression, known: ReadonlyMap<string, string> = new Map()): string | null {
  if (ts.isStringLiteralLike(node)) return node.text
  if (!ts.isTemplateExpression(node)) return null
  return node.head.text + node.templateSpans.map(({ expression, literal }) => (ts.isIdentifier(expression) ? known.get(expression.text) ?? '…' : '…') + literal.text).join('')
}
