// Words that every JavaScript object knows are words like any other in labels, settings and answers.
import { expect, test } from 'vitest'
import { boolean } from '../../src/config/values.ts'
import { parseLabelValue } from '../../src/core/values.ts'
import { callError } from '../../src/providers/aliyun/errors.ts'

const WORDS = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__']

test.each(WORDS)('a host named %s is that host or a mistake, and nothing else', (word) => {
  const value = parseLabelValue('health-check-domain', word)
  expect(value.ok ? value.value : word).toBe(word)
})

test.each(WORDS)('%s is neither true nor false', (word) => {
  expect(boolean.safeParse(word).success).toBe(false)
})

test.each(WORDS)('an error code %s gets no hint', (code) => {
  expect(callError('DescribeRegions', { code, message: 'no' }, []).message).toBe(`DescribeRegions: ${code}: no`)
})
