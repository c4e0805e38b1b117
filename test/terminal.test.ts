// What may go to a terminal, and that a reader of JSON gets back what was there.
import { describe, expect, test } from 'vitest'
import { escapeJson, plain, prettyJson, visible } from '../src/terminal.ts'

/** By what they do to whoever looks: steer, turn around, break the line, or hide. */
const HOSTILE = {
  escape: '\u001b',
  'a line break': '\n',
  DEL: '\u007f',
  'C1 control': '\u009b',
  'a line separator': '\u2028',
  'a right-to-left override': '\u202e',
  'an isolate': '\u2067',
  'a zero width space': '\u200b',
  'a zero width joiner': '\u200d',
  'a soft hyphen': '\u00ad',
  'a byte order mark': '\ufeff',
  'a word joiner': '\u2060',
  'an Arabic letter mark': '\u061c',
  'an interlinear annotation': '\ufff9',
  'a tag letter': '\u{e0041}',
  'a variation selector': '\ufe0f',
  'a further variation selector': '\u{e0100}',
  'a Hangul filler': '\u3164',
  'a combining grapheme joiner': '\u034f',
  'half of a pair': '\ud83d',
}

describe.each(Object.entries(HOSTILE))('%s', (_, char) => {
  test('is shown as its code, all of it', () => {
    expect(plain(`a${char}b`)).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/)
    expect(visible({ [`k${char}`]: [`v${char}`] })).toEqual({ [plain(`k${char}`)]: [plain(`v${char}`)] })
  })

  test('comes back from JSON as it was', () => {
    const value = { [`k${char}`]: `v${char}w` }
    for (const line of [escapeJson(JSON.stringify(value)), prettyJson(value)]) {
      expect(JSON.parse(line)).toEqual(value)
      expect(line.replaceAll('\n', '')).not.toContain(char)
    }
  })
})

test.each(['wéb', '数据库', 'site-😀', 'a_b-c.d/e', "it's 100 %"])('%s stays as it is', (text) => {
  expect(plain(text)).toBe(text)
})
