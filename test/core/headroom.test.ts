// What quotas do not hold back.
import { expect, test } from 'vitest'
import { fitQuotas, type Quotas } from '../../src/core/headroom.ts'
import { quotaNamesOf } from '../../src/core/traits.ts'
import { CLB_TRAITS } from '../../src/providers/aliyun/clb/traits.ts'
import { balancer, diffOf, group, member, node, service, THREE, text, threeMembers, web, webListener } from '../support/build.ts'

const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })
const limits = (over: Partial<Quotas>) => ({
  quotas: { listeners: 50, backends: 3, attachments: 50, groups: 200, rules: 40, extensions: 3, ...over },
  quotaNames: quotaNamesOf(CLB_TRAITS),
})
const full = limits({})

test('a full quota of backends does not keep a drain from being followed', () => {
  const nodes = [node('n1', { availability: 'drain' }), ...THREE.slice(1), node('n4')]
  const { plan } = fitQuotas(diffOf({ services: [web()], lb: inPlace, nodes }).plan, inPlace, full)
  expect(text(plan)).toEqual(['set weight of i-1 to 0 (was 100) in default group'])
})

test('nor a new listener from being created on the servers that are there', () => {
  const api = service('api', 30005, { 'slb.port.80': 'tcp://:9090' })
  const { plan, problems } = fitQuotas(diffOf({ services: [web(), api], lb: inPlace, nodes: [...THREE, node('n4')] }).plan, inPlace, full)
  expect(text(plan)).toEqual(['create listener tcp:9090 -> default group on port 30005'])
  expect(problems).toHaveLength(1)
})

test('but it is not created on a default group that stays empty', () => {
  const { plan } = fitQuotas(diffOf({ services: [web()] }).plan, balancer(), limits({ backends: 0 }))
  expect(text(plan)).toEqual([])
})

test('of the nodes that join, those fit that are not in too many groups already', () => {
  const lb = balancer({ ...inPlace, groups: [group('rsp-9', 'by hand', [member('i-4', { port: 22 })])] })
  const { plan, problems } = fitQuotas(
    diffOf({ services: [web()], lb, nodes: [...THREE, node('n4'), node('n5')] }).plan,
    lb,
    limits({ backends: 50, attachments: 1 }),
  )
  expect(text(plan)).toEqual(['add i-5 to default group'])
  expect(problems[0]?.text).toContain('slb_quota_backendserver_attached_num (1)')
})
