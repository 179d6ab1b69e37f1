import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import { clientAddressOf, withoutMapping } from '../../src/access/client-address.ts'
import { createTrustedProxies } from '../../src/access/trusted-proxies.ts'
import { createForwarded, requestIdOf } from '../../src/proxy/forwarded.ts'

const trusted = createTrustedProxies(['10.0.0.0/8', '127.0.0.1', 'fd00::/8'])
const forwarded = createForwarded(new URL('https://gw.test'), trusted)
const trace = { traceparent: '00-0-0-00', tracestate: null }

/** A request as Node has it: a header that came twice is joined. */
function requestFrom (peer: string, headers: Readonly<Record<string, string>>): IncomingMessage {
  return { socket: { remoteAddress: peer }, headers: { host: 'gw.test', ...headers } } as unknown as IncomingMessage
}

const byte = fc.nat(255)
const proxy = fc.oneof(fc.tuple(byte, byte, byte).map((rest) => `10.${rest.join('.')}`), fc.constant('127.0.0.1'), fc.tuple(byte, byte).map((rest) => `::ffff:10.0.${rest.join('.')}`), fc.nat(0xffff).map((part) => `fd00::${part.toString(16)}`))
const stranger = fc.oneof(fc.ipV4(), fc.ipV6().map((address) => address.toLowerCase())).filter((address) => !trusted.includes(withoutMapping(address)) && !address.startsWith('::'))
const anyText = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 12 })
const entry = fc.oneof(proxy, stranger, anyText, fc.constantFrom('', ' ', 'unknown', '_x', '[::1]:80', '1.2.3.4:99', 'for=10.0.0.1', '10.0.0.1;', '"10.0.0.1"', '0x0a000001', '::ffff:7f00:1'))
const chain = fc.array(entry, { maxLength: 80 }).map((entries) => entries.join(','))

t.test('T-60 T-61 through however many proxies of ours, the client is who spoke to the first of them, whatever chain it invented', async (t) => {
  fc.assert(fc.property(chain, stranger, fc.array(proxy, { minLength: 1, maxLength: 6 }), fc.constantFrom(',', ', ', ' , '), (invented, client, proxies, separator) => {
    // Each proxy puts behind what it was sent the address it was sent it from; the last is the peer.
    const heard = [invented, client, ...proxies.slice(0, -1)].join(separator)
    const request = requestFrom(proxies.at(-1) ?? '', { 'x-forwarded-for': heard, forwarded: `for=${invented}`, 'x-real-ip': invented })
    const told = forwarded(request, 'id', trace)
    const chainTold = (told.headers[1] ?? '').split(', ')
    const honest = [client, ...proxies].map(withoutMapping)
    return clientAddressOf(request, trusted) === client && told.clientAddress === client && JSON.stringify(chainTold.slice(-honest.length)) === JSON.stringify(honest)
  }), { numRuns: 20_000 })
  t.pass()
})

t.test('T-55 T-56 T-63 of a peer that is no proxy of ours nothing is believed but its address', async (t) => {
  const names = fc.constantFrom('x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-request-id', 'x-real-ip', 'forwarded')
  fc.assert(fc.property(stranger, fc.dictionary(names, fc.oneof(chain, fc.constantFrom('evil.test', 'http', 'a-good-id'))), (peer, said) => {
    const request = requestFrom(peer, said)
    const { clientAddress, headers } = forwarded(request, 'id', trace)
    return clientAddress === peer && clientAddressOf(request, trusted) === peer && requestIdOf(request, trusted) !== said['x-request-id'] &&
      JSON.stringify(headers) === JSON.stringify(['X-Forwarded-For', peer, 'X-Forwarded-Host', 'gw.test', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Port', '443', 'X-Request-Id', 'id', 'traceparent', trace.traceparent])
  }), { numRuns: 20_000 })
  t.pass()
})

t.test('T-62 what a proxy of ours passes on names one host and one scheme, or none', async (t) => {
  const host = fc.oneof(chain, anyText, fc.domain(), fc.domain().map((name) => `${name}:8443`), fc.constantFrom('evil.test/x', 'a@b', 'a b', '[::1]:80', 'a,b'))
  fc.assert(fc.property(host, fc.oneof(chain, fc.constantFrom('http', 'https', 'HTTPS', 'wss', 'https, http')), (hosts, schemes) => {
    const { headers } = forwarded(requestFrom('10.0.0.1', { 'x-forwarded-host': hosts, 'x-forwarded-proto': schemes }), 'id', trace)
    const [, , , told = '', , scheme = '', , port = ''] = headers
    return /^([\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(told) && ['http', 'https'].includes(scheme) && /^\d{1,5}$/.test(port) && (told === 'gw.test' || hosts.split(',').at(-1)?.trim() === told)
  }), { numRuns: 20_000 })
  t.pass()
})
