// Forwarding rules and redirects. A redirect needs an https listener, and that a certificate: one is made for this, of no use to anybody.
import { selfSigned } from '../../test/simulator/dataplane/certificate.ts'
import { type Bench, taken } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { NAME } from './leftovers.ts'
import { rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_300
const TOO_LONG = /^DomainMalformed\b/
const NO_EXTENSION = /^InvalidParameter\.DomainExtensionId\b|DomainExtension\w*\.?NotFound|DomainExtension\w*\.?NotExist/
const CODES = [301, 302, 303, 307, 308]

export const RULES: readonly Fact[] = [
  {
    question: 'CreateRules with one bad rule: nothing, or the part before it',
    ref: ['atomicRules'],
    settings: ['unsure.atomicBatches'],
    probe: atomicRules,
  },
  {
    question: 'How long the domain of a rule may be',
    ref: ['domainLength'],
    settings: ['unsure.longestRuleDomain'],
    probe: domainLength,
  },
  {
    question: 'Deleting a listener takes its rules and further certificates with it',
    ref: ['deletedWithListener'],
    settings: [],
    probe: deletedWithListener,
  },
  {
    question: 'What ForwardCode may be',
    ref: ['forwardCodes'],
    settings: ['unsure.forwardCodes'],
    async probe(bench) {
      const ForwardPort = await https(bench)
      const codes: number[] = []
      for (const ForwardCode of CODES) {
        const answer = await bench.listener('HTTP', { ...redirect(ForwardPort), HealthCheck: 'off', ForwardCode })
        if (taken(answer, /^InvalidParameter\.ForwardCode\b/)) codes.push(ForwardCode)
      }
      if (codes.length === 0) throw new Undecided('none is taken: perhaps there is no ForwardCode in this region')
      return { values: { 'unsure.forwardCodes': codes }, seen: `of ${CODES.join(', ')}: ${codes.join(', ')}` }
    },
  },
  {
    question: 'ForwardCode of a redirect that was made without one',
    ref: ['forwardCodeLeftOut'],
    settings: [],
    async probe(bench) {
      const ListenerPort = await bench.standing('HTTP', { ...redirect(await https(bench)), HealthCheck: 'off' })
      const code = textOf(await bench.read('DescribeLoadBalancerHTTPListenerAttribute', bench.on({ ListenerPort })), 'ForwardCode')
      if (code === '') throw new Undecided('answers do not show it')
      return { seen: code }
    },
  },
  {
    question: 'Creating a redirect needs HealthCheck',
    ref: ['bareRedirect'],
    settings: ['unsure.redirectNeedsHealthCheck'],
    async probe(bench) {
      const answer = await bench.listener('HTTP', redirect(await https(bench)))
      const needed = !taken(answer, /^Missing.*HealthCheck/)
      return { values: { 'unsure.redirectNeedsHealthCheck': needed }, seen: `without it: ${answer.status} ${answer.code}` }
    },
  },
]

const redirect = (ForwardPort: number) => ({ ListenerForward: 'on', ForwardPort })

/** Port of an https listener that is there until the probe ends. */
const https = async (bench: Bench): Promise<number> => (await secured(bench)).port

async function secured(bench: Bench): Promise<{ readonly port: number; readonly ServerCertificateId: string }> {
  const { cert, key } = selfSigned('verify.swarm-slb.example', { rsa: true })
  const upload = { ServerCertificateName: NAME, ServerCertificate: cert, PrivateKey: key }
  const ServerCertificateId = textOf(await bench.ok('UploadServerCertificate', upload), 'ServerCertificateId')
  bench.later('DeleteServerCertificate', { ServerCertificateId })
  const own = { ServerCertificateId, Bandwidth: -1, HealthCheck: 'off', BackendServerPort: PORT }
  return { port: await bench.standing('HTTPS', own), ServerCertificateId }
}

/** A domain of so many characters. */
const domainOf = (length: number): string => `${`${'a'.repeat(29)}.`.repeat(9).slice(0, length - 3)}.cn`

/** The manual has 80, names in DNS may have 253; what is between the two is not asked. */
async function domainLength(bench: Bench): Promise<Finding> {
  const ListenerPort = await bench.standing('HTTP', { HealthCheck: 'off', BackendServerPort: PORT })
  const VServerGroupId = await bench.group([{ ServerId: bench.first, Port: PORT }])
  const create = (length: number) => {
    const RuleList = JSON.stringify([{ RuleName: `r${length}`, Domain: domainOf(length), VServerGroupId }])
    return bench.call('CreateRules', bench.on({ ListenerPort, ListenerProtocol: 'http', RuleList }))
  }
  if (!taken(await create(80), TOO_LONG)) throw new Undecided('80 characters are refused')
  if (!taken(await create(81), TOO_LONG)) return { values: { 'unsure.longestRuleDomain': 80 }, seen: '81 characters are refused' }
  if (!taken(await create(253), TOO_LONG)) throw new Undecided('81 characters are taken, 253 are refused')
  return { values: { 'unsure.longestRuleDomain': 253 }, seen: '253 characters are taken' }
}

async function deletedWithListener(bench: Bench): Promise<Finding> {
  const { port: ListenerPort, ServerCertificateId } = await secured(bench)
  const VServerGroupId = await bench.group([{ ServerId: bench.first, Port: PORT }])
  const at = bench.on({ ListenerPort, ListenerProtocol: 'https' })
  const RuleList = JSON.stringify([{ RuleName: 'one', Url: '/one', VServerGroupId }])
  const [rule] = rowsIn(await bench.ok('CreateRules', { ...at, RuleList }), 'Rules', 'Rule')
  const RuleId = textOf(rule, 'RuleId')
  const extension = await bench.ok('CreateDomainExtension', { ...at, Domain: 'more.swarm-slb.example', ServerCertificateId })
  const DomainExtensionId = textOf(extension, 'DomainExtensionId')
  bench.later('DeleteDomainExtension', { DomainExtensionId })
  await bench.ok('DeleteLoadBalancerListener', at)
  const ruleStays = taken(await bench.call('DescribeRuleAttribute', { RuleId }), /^InvalidRuleId\b/)
  const certificateStays = taken(await bench.call('DescribeDomainExtensionAttribute', { DomainExtensionId }), NO_EXTENSION)
  return { seen: `rules ${ruleStays ? 'stay' : 'go'}, further certificates ${certificateStays ? 'stay' : 'go'}` }
}

async function atomicRules(bench: Bench): Promise<Finding> {
  const ListenerPort = await bench.standing('HTTP', { HealthCheck: 'off', BackendServerPort: PORT })
  const VServerGroupId = await bench.group([{ ServerId: bench.first, Port: PORT }])
  // Two of one domain and path: the second is bad for sure.
  const rules = ['one', 'two'].map((RuleName) => ({ RuleName, Url: '/same', VServerGroupId }))
  const at = bench.on({ ListenerPort, ListenerProtocol: 'http' })
  const answer = await bench.call('CreateRules', { ...at, RuleList: JSON.stringify(rules) })
  if (taken(answer, /^DomainExist\b/)) throw new Undecided('two rules of one path were not refused')
  const left = rowsIn(await bench.read('DescribeRules', at), 'Rules', 'Rule').length
  return { values: { 'unsure.atomicBatches': left === 0 }, seen: `${answer.code}; ${left} of the rules before it are there` }
}
