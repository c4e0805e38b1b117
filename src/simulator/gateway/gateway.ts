// One API call from its flat parameters to its answer: gateway checks in the cloud's order, then the action, then the answer's delay and faults.
import { setTimeout as sleep } from 'node:timers/promises'
import { ACTIONS } from '../actions/actions.ts'
import { type Body, type Call, isWrite } from '../actions/call.ts'
import { type ClientTokens, createClientTokens } from '../actions/client-tokens.ts'
import type { Fault, Faults } from '../faults.ts'
import type { HealthTable } from '../health-table.ts'
import { createHistory } from '../history.ts'
import { newRequestId } from '../ids.ts'
import { loggedParams, type RequestLog } from '../request-log.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'
import { ApiError } from './api-error.ts'
import type { Authentication } from './authentication.ts'
import { mayCall } from './authorization.ts'
import { createBusyLock } from './busy.ts'
import { checkParams, type Product } from './check-params.ts'
import { missing, type Params } from './params.ts'
import { createThrottle } from './throttle.ts'

export type IncomingCall = {
  readonly method: string
  /** Query and form body together, names as sent. */
  readonly params: ReadonlyMap<string, string>
  readonly host: string
  readonly userAgent: string
}

export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly type: 'json' | 'html'; readonly text: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang' }

export type GatewayOptions = {
  readonly world: World
  readonly settings: Settings
  readonly faults: Faults
  readonly requests: RequestLog
  readonly health: HealthTable
  readonly planeHealth: Call['planeHealth']
  /** Undefined: nobody's signature is checked. */
  readonly authentication: Authentication | undefined
  /** After every call that may have changed the world. */
  readonly changed: () => void
  readonly log: { error(fields: object, message: string): void }
}

export type Gateway = { call(incoming: IncomingCall, signal: AbortSignal): Promise<Answer> }

type Outcome = { readonly answer: Answer; readonly code: string }

const VERSIONS: ReadonlyMap<string, Product> = new Map([
  ['2014-05-15', 'slb'],
  ['2014-05-26', 'ecs'],
])

export function createGateway(options: GatewayOptions): Gateway {
  const parts = { history: createHistory(), busy: createBusyLock(), throttle: createThrottle(), tokens: createClientTokens() }
  return {
    async call(incoming, signal) {
      const time = Date.now()
      const requestId = newRequestId()
      const action = capital(incoming.params.get('Action') ?? '')
      const latencyMs = options.settings.slowActions[action] ?? options.settings.latencyMs
      const outcome = carryOut(options, parts, incoming, { action, requestId, now: time, latencyMs })
      if (latencyMs > 0) await sleep(latencyMs, undefined, { signal }).catch(() => {})
      options.requests.add({
        id: requestId,
        time,
        action,
        version: incoming.params.get('Version') ?? '',
        params: loggedParams(incoming.params),
        userAgent: incoming.userAgent,
        accessKeyId: incoming.params.get('AccessKeyId') ?? '',
        status: outcome.answer.kind === 'answer' ? outcome.answer.status : 0,
        code: outcome.code,
        ms: Date.now() - time,
      })
      return outcome.answer
    },
  }
}

type Parts = {
  readonly history: ReturnType<typeof createHistory>
  readonly busy: ReturnType<typeof createBusyLock>
  readonly throttle: ReturnType<typeof createThrottle>
  readonly tokens: ClientTokens
}
type Moment = { readonly action: string; readonly requestId: string; readonly now: number; readonly latencyMs: number }

function carryOut(options: GatewayOptions, parts: Parts, incoming: IncomingCall, moment: Moment): Outcome {
  const { action, requestId, now } = moment
  try {
    if (incoming.method !== 'GET' && incoming.method !== 'POST') throw new ApiError('UnsupportedHTTPMethod')
    const product = productOf(incoming.params, action)
    options.authentication?.verify(incoming.method, incoming.params, now)
    const fault = options.faults.take(action)
    if (fault?.when === 'before') return faulty(fault, options.settings, requestId, incoming.host)
    const body = perform(options, parts, { ...moment, product, params: capitalNames(incoming.params, action, options.settings) })
    if (fault !== undefined) return faulty(fault, options.settings, requestId, incoming.host)
    return { answer: json(200, { RequestId: requestId, ...body }), code: 'OK' }
  } catch (err) {
    if (err instanceof ApiError) return refused(err, requestId, incoming.host)
    options.log.error({ err, action, requestId }, 'the simulator failed')
    return refused(new ApiError('InternalError'), requestId, incoming.host)
  }
}

function productOf(params: Params, action: string): Product {
  for (const name of ['Action', 'Version']) if (!params.get(name)) throw missing(name)
  const product = VERSIONS.get(params.get('Version') ?? '')
  if (product === undefined) throw new ApiError('InvalidVersion')
  if (!Object.hasOwn(ACTIONS[product], action)) throw new ApiError('InvalidAction.NotFound')
  return product
}

function perform(options: GatewayOptions, parts: Parts, moment: Moment & { readonly product: Product; readonly params: Params }): Body {
  const { world, settings } = options
  const { action, now, product, params, latencyMs, requestId } = moment
  const perform = ACTIONS[product][action]
  if (perform === undefined) throw new ApiError('InvalidAction.NotFound')
  const write = isWrite(action)
  parts.throttle.take(action, write, settings, now)
  const permitted = mayCall({ product, action, params, world }, settings)
  if (!permitted && action !== 'DescribeInstances') throw new ApiError('Forbidden.RAM')
  checkParams(product, action, params)
  const region = params.get('RegionId')
  if (region && region !== world.regionId) throw new ApiError('InvalidRegionId.NotFound')
  const { health, planeHealth } = options
  const call = { action, params, permitted, settings, now, requestId, health, planeHealth, tokens: parts.tokens, answerAt: now + latencyMs }
  if (!write) return perform({ ...call, world: parts.history.view(world, settings.readLagMs, now) })
  parts.busy.take(params, world, settings, now, latencyMs)
  parts.history.remember(world, settings.readLagMs, now)
  try {
    return perform({ ...call, world })
  } finally {
    options.changed()
  }
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

/** What the cloud makes of names it may or may not know is a setting: two actions spell HealthCheckInterval with a small letter in the metadata. */
function capitalNames(params: Params, action: string, { unsure }: Settings): Params {
  const named = new Map<string, string>()
  for (const [name, value] of params) named.set(capital(name), value)
  const strict = unsure.capitalIntervalOnCreate === 'ignore' && /^CreateLoadBalancer(TCP|UDP)Listener$/.test(action)
  const bareRedirect = !unsure.redirectNeedsHealthCheck && named.get('ListenerForward') === 'on'
  if (bareRedirect && !named.has('HealthCheck')) named.set('HealthCheck', 'off')
  if (strict && params.has('HealthCheckInterval') && !params.has('healthCheckInterval')) named.delete('HealthCheckInterval')
  return named
}

const json = (status: number, body: object): Answer => ({ kind: 'answer', status, type: 'json', text: JSON.stringify(body) })

function refused({ code, status, message }: ApiError, requestId: string, host: string): Outcome {
  const recommend = `https://api.aliyun.com/troubleshoot?q=${code}&product=Slb&requestId=${requestId}`
  return { code, answer: json(status, { RequestId: requestId, HostId: host, Code: code, Message: message, Recommend: recommend }) }
}

function faulty({ as }: Fault, { unsure }: Settings, requestId: string, host: string): Outcome {
  if (typeof as === 'object') {
    const status = as.code === 'SystemBusy' ? unsure.systemBusyStatus : undefined
    return refused(new ApiError(as.code, as.message, as.status ?? status), requestId, host)
  }
  const code = `fault ${as}`
  switch (as) {
    case 'reset':
    case 'hang':
      return { code, answer: { kind: as } }
    case '5xx':
      return { code, answer: json(503, { RequestId: requestId, message: 'upstream unavailable' }) }
    case 'html':
      return { code, answer: { kind: 'answer', status: 502, type: 'html', text: '<html><body><h1>502 Bad Gateway</h1></body></html>' } }
    case 'html-200':
      return { code, answer: { kind: 'answer', status: 200, type: 'html', text: '<html><body>Please log in</body></html>' } }
    case 'malformed-json':
      return { code, answer: { kind: 'answer', status: 200, type: 'json', text: `{"RequestId":"${requestId}","Load` } }
    case 'wrong-shape':
      return { code, answer: json(200, { RequestId: requestId, Success: true, Data: [] }) }
  }
}
