import t from 'tap'
import { duration, size, timer } from '../../src/config/units.ts'

for (const [text, ms] of [['500ms', 500], ['0s', 0], ['30s', 30_000], ['5m', 300_000], ['2h', 7_200_000], ['30d', 2_592_000_000]] as const) {
  t.test(`${text} is ${ms} milliseconds`, async (t) => t.equal(duration().parse(text), ms))
}

for (const [text, bytes] of [['512B', 512], ['0B', 0], ['32KiB', 32_768], ['1MiB', 1_048_576], ['1GiB', 1_073_741_824], ['10KB', 10_000], ['10MB', 10_000_000], ['1GB', 1_000_000_000]] as const) {
  t.test(`${text} is ${bytes} bytes`, async (t) => t.equal(size().parse(text), bytes))
}

for (const value of [0, 30, '30', '0', '', 's', '-1s', '1.5h', '1 s', '30S', '1y', '1h30m', ' 30s', '30s\n', '1e3s', '٣s', '9999999999999999999s', '999999999999999d', null, true, ['30s']]) {
  t.test(`${JSON.stringify(value)} is no time`, async (t) => t.notOk(duration().safeParse(value).success))
}

for (const value of [0, 1024, '1024', '32kib', '32K', '1.5MiB', '-1B', '1TiB', '999999999999999GiB', null]) {
  t.test(`${JSON.stringify(value)} is no size`, async (t) => t.notOk(size().safeParse(value).success))
}

t.test('a bare number is told which units there are', async (t) => {
  t.match(duration().safeParse(30).error?.issues[0]?.message, /needs a unit.*30s/)
  t.match(size().safeParse(30).error?.issues[0]?.message, /needs a unit.*32KiB/)
})

t.test('a timer ends where Node would fire it at once instead', async (t) => {
  t.equal(timer().parse('24d'), 2_073_600_000)
  t.notOk(timer().safeParse('25d').success)
  t.ok(duration().safeParse('25d').success)
})

t.test('a span that may not be nothing refuses 0s', async (t) => {
  t.notOk(duration({ atLeast: 1 }).safeParse('0s').success)
  t.ok(duration({ atLeast: 1 }).safeParse('1ms').success)
})
