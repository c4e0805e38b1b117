// Forwarding rules and redirects. A redirect needs an https listener, and that a certificate: one is made for this, of no use to anybody.
import { selfSigned } from '../../test/simulator/dataplane/certificate.ts'
import { type Bench, taken } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { NAME } from './leftovers.ts'
import { rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_300
const CODES = [301, 302, 303, 307, 308]

export const RULES: readonly Fact[] = [
  {
    question: 'CreateRules with one bad rule: nothing, or the part before it',
    settings: ['unsure.atomicBatches'],
    probe: atomicRules,
  },
  {
    question: 'What ForwardCode may be',
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
    question: 'Creating a redirect needs HealthCheck',
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
async function https(bench: Bench): Promise<number> {
  const { cert, key } = selfSigned('verify.swarm-slb.example', { rsa: true })
  const upload = { ServerCertificateName: NAME, ServerCertificate: cert, PrivateKey: key }
  const ServerCertificateId = textOf(await bench.ok('UploadServerCertificate', upload), 'ServerCertificateId')
  bench.later('DeleteServerCertificate', { ServerCertificateId })
  return bench.standing('HTTPS', { ServerCertificateId, Bandwidth: -1, HealthCheck: 'off', BackendServerPort: PORT })
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
