import { describe, expect, test } from 'vitest'
import * as values from '../../src/config/values.ts'

const reads = (schema: { safeParse(text: string): { success: boolean; data?: unknown } }, text: string) => {
  const result = schema.safeParse(text)
  return result.success ? result.data : 'refused'
}

describe('a duration', () => {
  test.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['0s', 0],
    ['0', 0],
    [' 24h ', 86_400_000],
    ['30', 'refused'],
    ['s', 'refused'],
    ['-1s', 'refused'],
    ['30 s', 'refused'],
    ['25h', 'refused'],
    ['1d', 'refused'],
    ['', 'refused'],
  ])('%j is %j', (text, expected) => {
    expect(reads(values.duration(), text)).toBe(expected)
  })

  test('may have a least value, which excludes a bare 0', () => {
    expect(['1s', '999ms', '0'].map((text) => reads(values.duration(1000), text))).toEqual([1000, 'refused', 'refused'])
  })
})

describe('ports', () => {
  test.each([
    ['80', [{ from: 80, to: 80 }]],
    [
      '80, 30000-30010',
      [
        { from: 80, to: 80 },
        { from: 30000, to: 30010 },
      ],
    ],
    ['0', 'refused'],
    ['65536', 'refused'],
    ['90-80', 'refused'],
    ['http', 'refused'],
    ['80,x', 'refused'],
    [',', 'refused'],
  ])('%j are %j', (text, expected) => {
    expect(reads(values.portRanges, text)).toEqual(expected)
  })
})

describe('the number of free deletes', () => {
  test.each([
    ['5,25%', { count: 5, percent: 25 }],
    ['10', { count: 10, percent: 0 }],
    ['100%', { count: 0, percent: 100 }],
    ['0', { count: 0, percent: 0 }],
    ['', 'refused'],
    ['101%', 'refused'],
    ['25%,5', 'refused'],
    ['-1', 'refused'],
    ['5,', 'refused'],
    [',25%', 'refused'],
  ])('%j is %j', (text, expected) => {
    expect(reads(values.maxDeletes, text)).toEqual(expected)
  })
})

describe('quotas', () => {
  test('are the published ones unless they are given', () => {
    expect(reads(values.quotas, 'listeners=100,groups=30')).toEqual({
      listeners: 100,
      backends: 200,
      attachments: 50,
      rules: 40,
      extensions: 3,
      groups: 30,
    })
    expect(reads(values.quotas, 'backends=unlimited')).toMatchObject({ listeners: 50, backends: Infinity })
    expect(Object.values(Object(reads(values.quotas, 'unlimited')))).toEqual(Array(6).fill(Infinity))
  })

  test.each(['listener=5', 'listeners', 'listeners=-1', '100'])('%j is refused', (text) => {
    expect(reads(values.quotas, text)).toBe('refused')
  })
})

const schemas = { ...values }

describe('other values', () => {
  test.each([
    ['names', 'lb-1, my.slb/a_b,负载均衡', ['lb-1', 'my.slb/a_b', '负载均衡']],
    ['names', 'a;b', 'refused'],
    ['names', 'team=web', 'refused'],
    ['namesAndTags', 'lb-1, team=web,empty=', ['lb-1', 'team=web', 'empty=']],
    ['namesAndTags', '=web', 'refused'],
    ['names', 'a\u001bb', 'refused'],
    ['boolean', 'True', true],
    ['boolean', '0', false],
    ['boolean', 'maybe', 'refused'],
    ['dockerFlag', '0', true],
    ['dockerFlag', '', false],
    ['bandwidth', '-1', -1],
    ['bandwidth', '5120', 5120],
    ['bandwidth', '0', 'refused'],
    ['bandwidth', '1.5', 'refused'],
    ['endpoint', 'slb.example.com', 'https://slb.example.com'],
    ['endpoint', 'http://127.0.0.1:80', 'http://127.0.0.1'],
    ['endpoint', 'https://a/b', 'refused'],
    ['endpoint', 'ftp://a', 'refused'],
    ['httpAddress', 'off', 'off'],
    ['httpAddress', '9750', 'refused'],
    ['absolutePath', 'run/x.sock', 'refused'],
    ['absolutePath', `/${'x'.repeat(120)}`, 'refused'],
  ] as const)('%s reads %j', (schema, text, expected) => {
    expect(reads(schemas[schema], text)).toEqual(expected)
  })
})
