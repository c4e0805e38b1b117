// SLB_ROUTING_LISTENERS: the listeners that the hosts of `aliyun.routing.*` labels go to, which name none themselves.
import { formatTarget, type Parsed, parseTargets, type TargetText } from './grammar.ts'
import { plain } from './quote.ts'

const SHORT = /^(https?):([1-9]\d{0,4})$/
export const ROUTING_FORM = 'http:<port> and https:<port>, comma separated, or http://<load balancer>:<port>'

/** `http:80,https:443`; with a load balancer as in a label, `http://my-slb:80`. */
export function parseRoutingListeners(text: string): Parsed<readonly TargetText[]> {
  const items = text.split(/[,;]/).map((item) => item.trim())
  const parsed = parseTargets(items.map((item) => item.replace(SHORT, '$1://:$2')).join(';'))
  if (!parsed.ok) return { ok: false, text: `expected ${ROUTING_FORM}` }
  const wrong = parsed.value.find(({ protocol, port }) => port === undefined || (protocol !== 'http' && protocol !== 'https'))
  if (wrong !== undefined) return { ok: false, text: `${plain(formatTarget(wrong))} has no hosts to tell apart; expected ${ROUTING_FORM}` }
  const byPlace = new Map(parsed.value.map((target) => [`${target.loadBalancer ?? ''} ${target.port}`, target]))
  if (byPlace.size < new Set(parsed.value.map(formatTarget)).size) return { ok: false, text: 'one listener is named with two protocols' }
  return { ok: true, value: [...byPlace.values()] }
}
