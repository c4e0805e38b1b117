// Who may connect to a listener. Checked once for each connection, and for udp with each datagram: a changed list cuts nobody off who
// is connected already.
import { BlockList, isIP } from 'node:net'
import type { PlaneAccess } from '../plane.ts'

export interface Access {
  update(lists: readonly PlaneAccess[]): void
  admits(address: string | undefined): boolean
}

export function createAccess(initial: readonly PlaneAccess[]): Access {
  let text = ''
  let lists: readonly { readonly type: PlaneAccess['type']; readonly networks: BlockList }[] = []
  const access: Access = {
    update(next) {
      const nextText = JSON.stringify(next)
      if (nextText === text) return
      text = nextText
      lists = next.map(({ type, networks }) => ({ type, networks: compile(networks) }))
    },
    admits(from = '') {
      // An IPv4 client of a socket that is bound to an IPv6 address.
      const address = from.replace(/^::ffff:(?=[\d.]+$)/i, '')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      return lists.every(({ type, networks }) => networks.check(address, family) === (type === 'white'))
    },
  }
  access.update(initial)
  return access
}

function compile(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const version = isIP(address)
    if (version === 0) continue // a state file may hold any text
    const [family, bits] = version === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const)
    const length = Number(prefix ?? bits)
    if (length >= 0 && length <= bits) list.addSubnet(address, length, family)
  }
  return list
}
