// E10 and E11 through real labels, for every option there is: one call sets it, none repeats it, one takes it back.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LABEL_NAMES } from '../../src/core/options.ts'
import { isWrite } from '../../src/simulator/actions/call.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { type Stand, startStand, swarmService } from '../support/stand.ts'
import { E10, E11, type Labels, type Row } from './option-rows.ts'
import { runs, writesOf } from './watching.ts'

const ROWS: readonly (readonly [name: string, row: Row])[] = Object.entries({ ...E10, ...E11 })
const portOf = (name: string) => 1001 + ROWS.findIndex(([one]) => one === name)
const nameOf = (port: number) => ROWS[port - 1001]?.[0]

let stand: Stand
type Round = 'set' | 'repeated' | 'back'
const rounds = new Map<Round, ReadonlyMap<string, readonly string[]>>()

/** One service and one listener for each row. */
function label(optionsOf: (row: Row) => Labels): void {
  stand.services(
    ROWS.map(([name, row], index) => {
      const given: Labels = { ...(row.on === 'https' && { 'cert-id': 'cert-1' }), ...optionsOf(row) }
      const labels = Object.entries(given).map(([option, value]) => [`slb.port.80.${option}`, value])
      const ports = [{ target: 80, published: 30_000 + index, protocol: row.on === 'udp' ? 'udp' : 'tcp' }]
      return swarmService(name, 0, { 'slb.port.80': `${row.on}://:${portOf(name)}`, ...Object.fromEntries(labels) }, ports)
    }),
  )
}

/** The row that a write is for; what names neither listener nor group stands for itself. */
function rowOf({ action, params }: ReturnType<Stand['simulator']['requests']['entries']>[number]): string {
  const { ListenerPort: port, VServerGroupName: mark, VServerGroupId: id } = params
  const group = mark ?? stand.lb().groups.find((one) => one.id === id)?.name
  return nameOf(Number(port)) ?? group?.split('/')[2] ?? action
}

/** What each row's writes are until nothing is left to do. */
async function round(name: Round, optionsOf: (row: Row) => Labels, expected: number): Promise<void> {
  const lines = await writesOf(stand, () => label(optionsOf), expected)
  const entries = stand.simulator.requests.entries().filter(({ action }) => isWrite(action))
  const byRow = Map.groupBy(lines.keys(), (index) => rowOf(entries[index] ?? fail(index)))
  rounds.set(name, new Map([...byRow].map(([row, indices]) => [row, indices.map((index) => plain(lines[index] ?? ''))])))
}

const fail = (index: number): never => {
  throw new Error(`no entry ${index}`)
}

/** Without the ids that the cloud made up. */
const plain = (line: string) => line.replace(/(AclId=acl|=rsp)-[a-z0-9]{10,}/, '$1')

/** Calls for access lists, certificates by host and the like. */
const SHARED = 5
const sum = (of: (row: Row) => number) => ROWS.reduce((all, [, row]) => all + of(row), 0)
const baseOf = ({ base = {} }: Row) => base
const bothOf = ({ base, labels }: Row) => ({ ...base, ...labels })

beforeAll(async () => {
  const [first, second, ca] = [selfSigned('a.example.com'), selfSigned('b.example.com'), selfSigned('ca.example.com')]
  stand = await startStand({
    env: { SLB_QUOTAS: 'listeners=100' },
    simulator: { settings: { quotas: { listeners: 100 } } },
    state: {
      loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }],
      certificates: [first, second].map(({ cert, key }, index) => ({ id: `cert-${index + 1}`, certificate: cert, privateKey: key })),
      caCertificates: [{ id: 'ca-1', certificate: ca.cert }],
      acls: ['acl-1', 'acl-2'].map((id) => ({ id, name: id, entries: [{ entry: '198.51.100.0/24' }] })),
    },
  })
  label(baseOf)
  stand.start()
  await runs(stand, ...ROWS.map(([name]) => portOf(name)))
  await round('set', bothOf, SHARED + sum(({ set }) => set.length))
  await round('repeated', bothOf, 0)
  await round('back', baseOf, SHARED + sum(({ back }) => back.length))
})
afterAll(() => stand.close())

const of = (name: Round, option: string) => rounds.get(name)?.get(option) ?? []

function check(option: string, { set, back }: Row): void {
  expect({ set: of('set', option), repeated: of('repeated', option), back: of('back', option) }).toEqual({ set, repeated: [], back })
}

describe('E10 a label is one call that sets what it says, none when it is said again, and one that takes it back', () => {
  test.each(Object.entries(E10))('E10 %s', check)
})

describe('E11 a label of the health check is one call, and one more takes it back', () => {
  test.each(Object.entries(E11))('E11 %s', check)
})

test('E10 E11 beside these calls there are only those for what several listeners share', () => {
  const rows = ROWS.map(([name]) => name)
  const others = (name: Round) => [...(rounds.get(name) ?? [])].filter(([row]) => !rows.includes(row)).flatMap(([, lines]) => lines)
  // Requests that no rule takes go to a group without members.
  expect(others('set').sort()).toEqual([
    'AddAccessControlListEntry',
    'AddAccessControlListEntry',
    'CreateAccessControlList',
    'CreateAccessControlList',
    'CreateVServerGroup',
  ])
  expect(others('repeated')).toEqual([])
  expect(others('back').sort()).toEqual([
    'DeleteAccessControlList',
    'DeleteAccessControlList',
    'DeleteDomainExtension',
    'DeleteRules',
    'DeleteVServerGroup',
  ])
})

test('every label that the documentation names has a row here', () => {
  expect(ROWS.map(([name]) => name).sort()).toEqual([...LABEL_NAMES].sort())
})
