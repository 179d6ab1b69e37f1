import fc from 'fast-check'
import t from 'tap'
import { countedAs } from '../../src/access/client-address.ts'

for (const [address, counted] of [
  ['203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:0002:ffff:FFFF:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::203.0.113.9', '64:ff9b:0:0::/64'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::FFFF:203.0.113.9', '203.0.113.9'],
  ['::ffff:cb00:7109', '203.0.113.9'],
  ['0:0:0:0:0:ffff:203.0.113.9', '203.0.113.9'],
  ['', ''],
  ['no address', 'no address']
] as const) {
  t.test(`a limit counts ${address === '' ? 'nobody' : address} as ${counted === '' ? 'nobody' : counted}`, async (t) => {
    t.equal(countedAs(address), counted)
  })
}

t.test('whatever the rest of the address, one line is one, and another line another', async (t) => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
  const half = fc.array(group, { minLength: 4, maxLength: 4 })
  fc.assert(fc.property(half, half, half, half, (line, otherLine, host, otherHost) => {
    const one = countedAs([...line, ...host].join(':'))
    if (line.every((value) => value === '0')) return // the mapped addresses live there
    t.equal(countedAs([...line, ...otherHost].join(':')), one)
    t.equal(countedAs([...otherLine, ...host].join(':')) === one, otherLine.join() === line.join())
  }))
})
