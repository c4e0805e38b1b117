import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatBackendNote, formatMark, type Mark, markService, ownerTag, parseBackendNote, parseMark } from '../../src/core/marks.ts'

const OWNER_CHARS = [...'abzABZ059.-']
const NAME_CHARS = [...'abzABZ059_-']
const text = (chars: readonly string[], minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...chars), { minLength, maxLength }).map((units) => units.join(''))

const owners = text(OWNER_CHARS, 1, 16)
const services = text(NAME_CHARS, 1, 63)
const marks: fc.Arbitrary<Mark> = fc.record({
  owner: owners,
  service: services,
  port: fc.integer({ min: 1, max: 65535 }),
  transport: fc.constantFrom('tcp', 'udp'),
  suffix: fc.constantFrom('', 'stopped', 'closed'),
})

const web: Mark = { owner: 'abcdefghij', service: 'shop_web', port: 80, transport: 'tcp', suffix: '' }

describe('marks', () => {
  test('are written as owner, service, container port and transport', () => {
    expect(formatMark(web)).toBe('swarm-slb/abcdefghij/shop_web/80-tcp')
    expect(formatMark({ ...web, port: 53, transport: 'udp', suffix: 'closed' })).toBe('swarm-slb/abcdefghij/shop_web/53-udp/closed')
  })

  test('are read back as they were written, with the service as it stands in marks', () => {
    fc.assert(
      fc.property(marks, (mark) => {
        expect(parseMark(formatMark(mark))).toEqual({ ...mark, service: markService(mark.service, mark.owner) })
      }),
    )
  })

  test('fit into a group name of 80 characters, which are those the cloud allows', () => {
    fc.assert(
      fc.property(marks, (mark) => {
        expect(formatMark({ ...mark, suffix: '' })).toMatch(/^[A-Za-z0-9._/-]{1,80}$/)
      }),
    )
  })

  test('name a service alike on all its ports, also when read back from one of them', () => {
    fc.assert(
      fc.property(services, owners, (service, owner) => {
        const once = markService(service, owner)
        expect(markService(once, owner)).toBe(once)
      }),
    )
  })

  test('tell two long service names apart that begin alike', () => {
    const long = 'a-stack-with-a-very-long-name_and-a-service-with-a-long-name-'
    expect(markService(`${long}1`, 'abcdefghij')).toMatch(/^a-stack-with-a-very-long-name_and-a-serv\.[0-9a-f]{8}$/)
    expect(markService(`${long}1`, 'abcdefghij')).not.toBe(markService(`${long}2`, 'abcdefghij'))
  })

  test('stay one path even for a service name that Docker would not allow', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), owners, (service, owner) => {
        const mark = formatMark({ ...web, owner, service })
        expect(mark.split('/')).toHaveLength(4)
        expect(parseMark(mark)?.service).toBe(markService(service, owner))
      }),
    )
  })

  test.each([
    'swarm-slb/abc/web/80-tcp ',
    ' swarm-slb/abc/web/80-tcp',
    'swarm-slb/abc/web/80-tcp\n',
    'swarm-slb/abc/web/080-tcp',
    'swarm-slb/abc/web/0-tcp',
    'swarm-slb/abc/web/65536-tcp',
    'swarm-slb/abc/web/80-sctp',
    'swarm-slb/abc/web/80-tcp/gone',
    'swarm-slb/abc/web/80',
    'swarm-slb/abc//80-tcp',
    'swarm-slb/abc/a/b/80-tcp',
    'swarm-slb/an-owner-that-is-too-long/web/80-tcp',
    'Swarm-slb/abc/web/80-tcp',
    `swarm-slb/abc/${'w'.repeat(57)}/80-tcp`,
    'swarm-slb/abc',
    'swarm-slb/abc/0',
    '',
  ])('are not read from %j', (note) => {
    expect(parseMark(note)).toBeUndefined()
  })

  test('never come out of text that is not exactly a mark', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          marks.map(formatMark),
          fc.tuple(marks.map(formatMark), fc.string()).map((parts) => parts.join('')),
        ),
        (note) => {
          const mark = parseMark(note)
          if (mark !== undefined) expect(formatMark(mark)).toBe(note)
        },
      ),
    )
  })
})

describe('backend notes', () => {
  test('say whose the backend is and whether its 0 is ours', () => {
    fc.assert(
      fc.property(owners, fc.boolean(), (owner, zero) => {
        expect(parseBackendNote(formatBackendNote(owner, zero))).toEqual({ owner, zero })
      }),
    )
    expect(formatBackendNote('abc', true)).toBe('swarm-slb/abc/0')
  })

  test.each(['', 'swarm-slb', 'swarm-slb/', 'swarm-slb/abc/1', 'swarm-slb/abc/web/80-tcp', 'swarm-slb/abc\n', 'docker-machine'])(
    'are not read from %j',
    (note) => {
      expect(parseBackendNote(note)).toBeUndefined()
    },
  )
})

test('the owner tag is a key, so that neighbours keep theirs', () => {
  expect(ownerTag('abc')).toBe('swarm-slb:abc')
})
