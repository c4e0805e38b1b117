// The shapes of the vendor's samples: what an answer has at least, with the JSON type of each member.
import { readFileSync } from 'node:fs'

type Shape = string | readonly Shape[] | { readonly [key: string]: Shape }

const SHAPES: Readonly<Record<string, Shape>> = JSON.parse(readFileSync('test/fixtures/clb-answer-shapes.json', 'utf8'))

/** Members that a real answer has only in some situations which this account is not in. */
const SOMETIMES =
  /\.(AutoReleaseTime|RenewalCycUnit|RenewalDuration|RenewalStatus|ServerRegionId|AccessLogs|MasterSlaveServerGroupId|BackendServerPort|HealthCheckConnectPort|ForwardPort|HealthCheckHttpVersion|CACertificateId|Cookie|CookieTimeout|StickySessionType|HealthCheckMethod|HealthCheckType|XForwardedFor_ClientCert\w+|TaskId|Count)$/

function missing(shape: Shape, value: unknown, path: string): string[] {
  if (SOMETIMES.test(path) && value === undefined) return []
  if (typeof shape === 'string') return typeof value === shape ? [] : [`${path}: ${typeof value}, not ${shape}`]
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${path}: not a list`]
    return shape[0] === undefined || value.length === 0 ? [] : missing(shape[0], value[0], `${path}[]`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: not an object`]
  return Object.entries(shape).flatMap(([key, inner]) => missing(inner, (value as Record<string, unknown>)[key], `${path}.${key}`))
}

/** What an answer lacks. A row of DescribeLoadBalancerListeners has the settings of its own protocol only: `protocol` says which. */
export function lacks(action: string, answer: unknown, protocol = ''): readonly string[] {
  const shape = SHAPES[action]
  if (shape === undefined) throw new Error(`no sample of ${action}`)
  const own = `.${protocol.toUpperCase()}ListenerConfig`
  return missing(shape, answer, action).filter((path) => !path.includes('ListenerConfig: not an object') || path.includes(own))
}
