import t from 'tap'
import { errorCatalogue } from '../../src/errors.ts'
import { texts } from '../../src/pages/texts.ts'

const { en, 'zh-Hant': hant, 'zh-Hans': hans } = texts

function sentences (value: object): readonly string[] {
  return Object.values(value).flatMap((member: unknown) => {
    if (member === null) return []
    if (typeof member === 'function') return [String(member('x'))]
    return typeof member === 'object' && member !== null ? sentences(member) : [String(member)]
  })
}

t.test('every error of the catalogue is told in three languages, and nothing else is', async (t) => {
  for (const page of Object.values(texts)) t.same(Object.keys(page.errors).sort(), Object.keys(errorCatalogue).sort())
})

t.test('no text is empty, and each language has its own', async (t) => {
  const inHant = sentences(hant)
  const inHans = sentences(hans)
  for (const [i, english] of sentences(en).entries()) {
    const told = [english, inHant[i] ?? '', inHans[i] ?? '']
    t.ok(told.every((text) => text.trim() !== ''), `not empty: ${english}`)
    t.notMatch(english, /\p{Script=Han}/u)
    t.ok(told.slice(1).every((text) => /\p{Script=Han}/u.test(text)), `Chinese in both scripts: ${english}`)
  }
})

t.test('titles, texts and next steps of errors differ between the languages and between errors', async (t) => {
  for (const member of ['title', 'text', 'nextStep'] as const) {
    const perLanguage = [en, hant, hans].map(({ errors }) => Object.values(errors).map((error) => error[member]))
    for (const [i, code] of Object.keys(errorCatalogue).entries()) {
      t.equal(new Set(perLanguage.map((told) => told[i])).size, 3, `${member} of ${code}`)
    }
  }
  for (const { errors } of [en, hant, hans]) {
    t.equal(new Set(Object.values(errors).map(({ title }) => title)).size, Object.keys(errorCatalogue).length)
  }
})
