// Addresses and networks (CIDR) in canonical text: `10.0.0.7` is `10.0.0.7/32`, IPv6 as RFC 5952 writes it.
import type { Parsed } from './grammar.ts'
import { quote } from './quote.ts'

export type Network = { readonly version: 4 | 6; readonly text: string }

const BYTE = /^(0|[1-9]\d{0,2})$/

const fail = (text: string): Parsed<never> => ({ ok: false, text })

/** Four bytes. A leading zero is octal to some programs, so it is nothing here. */
function ipv4(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  const bytes = parts.map(Number)
  return parts.length === 4 && parts.every((part) => BYTE.test(part)) && bytes.every((byte) => byte <= 255) ? bytes : undefined
}

function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  return parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part)) ? parts.map((part) => Number.parseInt(part, 16)) : undefined
}

/** Eight groups of 16 bits; `::` stands for the zeros between. */
function ipv6(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  const [before, after] = [groupsOf(halves[0] ?? ''), groupsOf(halves[1] ?? '')]
  if (halves.length > 2 || before === undefined || after === undefined) return undefined
  const zeros = 8 - before.length - after.length
  if (halves.length === 1) return zeros === 0 ? before : undefined
  return zeros >= 1 ? [...before, ...Array.from({ length: zeros }, () => 0), ...after] : undefined
}

/** The longest run of two zeros or more is left out, the first of equals. */
function formatV6(groups: readonly number[]): string {
  const hex = groups.map((group) => group.toString(16))
  let [start, length] = [0, 1]
  for (let i = 0; i < 8; i++) {
    let end = i
    while (groups[end] === 0) end++
    if (end - i > length) [start, length] = [i, end - i]
  }
  return length === 1 ? hex.join(':') : `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** The parts with all bits behind the prefix cleared. */
const masked = (parts: readonly number[], width: number, prefix: number): readonly number[] =>
  parts.map((part, index) => {
    const rest = Math.max(0, Math.min(width, (index + 1) * width - prefix))
    return (part >>> rest) * 2 ** rest
  })

/**
 * An address or a network. Host bits are refused: `10.0.0.7/8` may have been meant as the address or as the network, and one of the two
 * is a million times the other.
 */
export function parseNetwork(text: string): Parsed<Network> {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const [four, six] = [ipv4(address), ipv6(address)]
  const parts = four ?? six
  if (parts === undefined) return fail(`${quote(text)} is no address or network`)
  const [width, bits] = four === undefined ? [16, 128] : [8, 32]
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return fail(`${quote(text)}: the prefix is longer than ${bits} bits`)
  const format = (values: readonly number[]) => (four === undefined ? formatV6(values) : values.join('.'))
  const network = masked(parts, width, prefix)
  if (network.some((part, index) => part !== parts[index]))
    return fail(`${quote(text)} has bits behind its prefix; write ${format(network)}/${prefix} or ${format(parts)}/${bits}`)
  return { ok: true, value: { version: four === undefined ? 6 : 4, text: `${format(network)}/${prefix}` } }
}
