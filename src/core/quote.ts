// Text from labels and from the cloud is hostile: it is shown quoted, escaped and cut, so that it can forge no line and hide no character.
import { fnv } from './hash.ts'

const WIDTH = 60

const escapeOne = (char: string): string => {
  if (char === '"' || char === '\\') return `\\${char}`
  return /[ -~]/.test(char) ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}

/** Quoted; everything but printable ASCII as its code point (look-alikes show), cut to about 60 characters. */
export function quote(text: string): string {
  let shown = ''
  for (const char of text) {
    if (shown.length >= WIDTH) return `"${shown}..." (${text.length} characters)`
    shown += escapeOne(char)
  }
  return `"${shown}"`
}

/** As it is where that is safe and short (a label key, a load balancer's name), else quoted. */
export const plain = (text: string): string => (/^[A-Za-z0-9._/@:$-]{1,120}$/.test(text) ? text : quote(text))

/** No host, service or load balancer has a longer name; whoever says so is shown cut, and told apart by the rest. */
const LONGEST_NAME = 255

/** For names that go into every text about their bearer. */
export const boundedName = (name: string): string =>
  name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 11)}...${fnv(name)}`
