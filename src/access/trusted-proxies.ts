import { BlockList, isIP } from 'node:net'

/** The proxies in front of the gateway, as configured: what they say of a request is believed, and what anybody else says is not. */
export interface TrustedProxies {
  includes (address: string): boolean
}

/** IP addresses and CIDRs; an IPv4 address mapped into IPv6 is the IPv4 address. */
export function createTrustedProxies (networks: readonly string[]): TrustedProxies {
  if (networks.length === 0) return { includes: () => false }
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return {
    includes (address) {
      const family = isIP(address)
      return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
    }
  }
}
