// Texts as attackers, tired people and broken programs write them.
import fc from 'fast-check'
import { anyString } from '../support/random.ts'

const NASTY = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', ' ', '\0', '\u001b[31m', '‮', '＄', 'Ａ', '\uD800']

/** Long runs of one thing: what a careless pattern takes quadratic time over. */
const long = fc
  .tuple(
    fc.constantFrom(
      ' ',
      'a',
      '/',
      '.',
      ',',
      ';',
      '-',
      '0',
      ':',
      '=',
      '&',
      '&&',
      '*',
      '\n',
      '\t',
      '-----BEGIN CERTIFICATE-----',
      '[',
      '{',
      '${',
      '${A:-',
    ),
    fc.integer({ min: 500, max: 10_000 }),
  )
  .map(([piece, size]) => piece.repeat(Math.ceil(size / piece.length)))

export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: anyString(60) },
  { weight: 4, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 2, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: long },
)

/** Nearly right: a good text with something put in, taken out or said twice. */
const nearly = (...good: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(200), fc.nat(4), anyText), { maxLength: 3 })).map(([text, edits]) =>
    edits.reduce((now, [at, cut, put]) => {
      const place = at % (now.length + 1)
      return `${now.slice(0, place)}${put}${now.slice(place + cut)}`
    }, text),
  )

/** Any of these, whole, nearly, or put together from parts of them. */
export const like = (...good: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...good) },
    { weight: 4, arbitrary: nearly(...good) },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.constantFrom(...good.flatMap((text) => text.split(/(?=[^A-Za-z0-9])/))), { maxLength: 12 })
        .map((all) => all.join('')),
    },
    { weight: 2, arbitrary: anyText },
  )

export const anyRecord = (keys: fc.Arbitrary<string>, values: fc.Arbitrary<string>, maxKeys = 8): fc.Arbitrary<Record<string, string>> =>
  fc.array(fc.tuple(keys, values), { maxLength: maxKeys }).map((pairs) => Object.fromEntries(pairs))

/** JSON of any shape, with the keys that poison prototypes among the others. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e21, '', 'on', '9007199254740993', [], {}),
    anyText,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom('__proto__', 'constructor'), fc.string({ maxLength: 12 })), tie('value')), { maxLength: 4 })
      .map((pairs) => {
        // JSON.parse makes `__proto__` a property like any other; so does this.
        return JSON.parse(
          `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'}`).join(',')}}`,
        ) as unknown
      }),
  ),
})).value

type Json = Record<string, unknown>
const isTree = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** One place of a good answer holds something else, or nothing. */
export const mutated = (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      good,
      fc.array(fc.tuple(fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }), fc.option(anyJson, { freq: 5 })), { maxLength: 3 }),
    )
    .map(([value, edits]) => {
      const copy = structuredClone(value)
      for (const [path, put] of edits) {
        let at: unknown = copy
        for (const [depth, step] of path.entries()) {
          if (!isTree(at)) break
          const keys = Object.keys(at)
          const key = keys[step % Math.max(1, keys.length)]
          if (key === undefined) break
          if (depth === path.length - 1 || !isTree(at[key])) {
            if (put === null) delete at[key]
            else at[key] = put
            break
          }
          at = at[key]
        }
      }
      return copy
    })
