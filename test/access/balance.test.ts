import fc from 'fast-check'
import t from 'tap'
import { readBalance } from '../../src/aihubmix/balance.ts'
import { isLess, toDecimal } from '../../src/config/decimal.ts'

/** What AIHubMix was seen or may be taken to write (V-28), and the number it is. */
const readable: ReadonlyArray<readonly [text: string, number: string]> = [
  ['750.00', '750.00'], ['0', '0'], ['0.00', '0'], ['-0.01', '-0.01'], ['-0.00', '0'], ['+5', '5'], ['1,234.56', '1234.56'], ['1,234,567', '1234567'],
  ['$750.00', '750'], ['US$1.5', '1.5'], ['-$0.50', '-0.5'], ['$-0.000002', '-0.000002'], ['\u2212$3', '-3'], ['\uff042.000000 \u984d\u5ea6', '2'], ['\uff04-0.000002 \u989d\u5ea6', '-0.000002'],
  ['\u00a512', '12'], ['\uffe512.30', '12.3'], ['7.00 USD', '7'], ['0007', '7'], ['9'.repeat(40), '9'.repeat(40)], ['18446744073709551616.01', '18446744073709551616.01']
]

for (const [text, number] of readable) {
  t.test(`${JSON.stringify(text)} is read as ${number}, exactly`, async (t) => {
    const balance = readBalance(text)
    t.not(balance, null)
    if (balance === null) return
    t.notOk(isLess(balance, toDecimal(number)))
    t.notOk(isLess(toDecimal(number), balance))
  })
}

for (const text of ['', ' ', '-', '1e9', '0x10', 'Infinity', 'NaN', '1.234,56', '1,23', '12,34.5', '.5', '5.', '1.2.3', '-$-5', '+-5', '--5', '$', '1 2', '750.00 750.00', '٣', '１２', 'unlimited', '5 apples', '<b>5</b>', '5\n', '1,2345']) {
  t.test(`${JSON.stringify(text)} is no number for sure, and so not known`, async (t) => t.equal(readBalance(text), null))
}

t.test('whatever two amounts are, they compare as whole cents of cents do', async () => {
  const amount = fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat({ max: 12 }))
  const text = (units: bigint, places: number): string => {
    const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
    return `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - places)}${places === 0 ? '' : `.${digits.slice(digits.length - places)}`}`
  }
  fc.assert(fc.property(amount, amount, ([a, aPlaces], [b, bPlaces]) => {
    const [left, right] = [readBalance(text(a, aPlaces)), readBalance(text(b, bPlaces))]
    return left !== null && right !== null && isLess(left, right) === (a * 10n ** BigInt(12 - aPlaces) < b * 10n ** BigInt(12 - bPlaces))
  }), { numRuns: 2_000 })
})

t.test('what a floating-point number would get wrong is right', async (t) => {
  for (const [less, more] of [['0.1', '0.10000000000000001'], ['9007199254740992', '9007199254740993'], ['-0.30000000000000004', '-0.3']] as const) {
    t.ok(isLess(toDecimal(less), toDecimal(more)))
    t.notOk(isLess(toDecimal(more), toDecimal(less)))
  }
})
