import t from 'tap'
import { createClock, durationMs } from '../../src/emulator/clock.ts'
import { addDecimals, divideToDecimal } from '../../src/emulator/decimal.ts'
import { exactJson } from '../../src/emulator/json.ts'

t.test('decimals are added exactly', async (t) => {
  t.equal(addDecimals('750.00', '10'), '760.00')
  t.equal(addDecimals('-0.01', '0.005'), '-0.005')
  t.equal(addDecimals('18446744073709.55', '0.45'), '18446744073710.00')
  t.equal(addDecimals('0.1', '0.2'), '0.3')
  t.throws(() => addDecimals('$1', '1'), RangeError)
})

t.test('quota becomes money as one-api prints it', async (t) => {
  t.equal(divideToDecimal(29071257n, 500000n, 2), '58.14')
  t.equal(divideToDecimal(-5000n, 500000n, 2), '-0.01')
})

t.test('JSON keeps every digit and leaves undefined members out', async (t) => {
  t.equal(exactJson({ id: 9223372036854775807n, gone: undefined, list: [1n, 'a', null] }), '{"id":9223372036854775807,"list":[1,"a",null]}')
})

t.test('durations are read with their units; other texts are refused', async (t) => {
  t.equal(durationMs('1h56m'), 6_960_000)
  t.equal(durationMs('-10m'), -600_000)
  t.equal(durationMs(250), 250)
  for (const text of ['', '10', 'soon', '1h 5m']) t.throws(() => durationMs(text), RangeError, text)
})

t.test('the clock advances, freezes, and runs ahead', async (t) => {
  let systemNow = 1000
  const clock = createClock(() => systemNow)
  clock.advance('1s')
  t.equal(clock.now(), 2000)
  clock.freeze()
  systemNow = 9000
  t.equal(clock.now(), 2000)
  clock.advance(500)
  clock.skew('1m')
  clock.skew('-1s')
  t.equal(clock.now(), 1500, 'a second skew replaces the first')
  clock.reset()
  t.equal(clock.now(), 9000)
})
