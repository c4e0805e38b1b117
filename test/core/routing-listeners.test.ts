import { describe, expect, test } from 'vitest'
import { formatTarget } from '../../src/core/grammar.ts'
import { parseRoutingListeners, ROUTING_FORM } from '../../src/core/routing-listeners.ts'

const shown = (text: string) => {
  const parsed = parseRoutingListeners(text)
  return parsed.ok ? parsed.value.map(formatTarget) : parsed.text
}

describe('the listeners of routing labels', () => {
  test.each([
    ['http:80', ['http://:80']],
    ['http:80, https:443', ['http://:80', 'https://:443']],
    ['http://my-slb:80;https://my-slb:443', ['http://my-slb:80', 'https://my-slb:443']],
    ['http:80,http://internal:80,http:80', ['http://:80', 'http://internal:80']],
  ])('%j', (text, expected) => {
    expect(shown(text)).toEqual(expected)
  })

  test.each([
    ['', `expected ${ROUTING_FORM}`],
    ['80', `expected ${ROUTING_FORM}`],
    ['http', `expected ${ROUTING_FORM}`],
    ['http:0', `expected ${ROUTING_FORM}`],
    ['http:70000', `expected ${ROUTING_FORM}`],
    ['http://my-slb', `"http://my-slb" has no hosts to tell apart; expected ${ROUTING_FORM}`],
    ['tcp://:80', `tcp://:80 has no hosts to tell apart; expected ${ROUTING_FORM}`],
    ['http:80,https:80', 'one listener is named with two protocols'],
  ])('%j is a mistake', (text, expected) => {
    const parsed = parseRoutingListeners(text)
    expect(parsed.ok ? '' : parsed.text.replaceAll('"', '')).toBe(expected.replaceAll('"', ''))
  })
})
