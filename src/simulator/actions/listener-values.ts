// Reads and checks the settings of a listener in a Create or Set call. What a call leaves out keeps its value.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { int, type Params } from '../gateway/params.ts'
import { type Field, fieldsOf } from '../listener-fields.ts'
import type { Listener, LoadBalancer, Protocol, Values, World } from '../world.ts'

/** The listener's port as the backend's own port: an old way to say "not set". */
const BACKEND_PORT = -520

const TLS_POLICIES = ['1_0', '1_1', '1_2', '1_2_strict', '1_2_strict_with_1_3'].map((version) => `tls_cipher_policy_${version}`)

export function readValues(protocol: Protocol, params: Params): Values {
  const values: Values = {}
  for (const field of fieldsOf(protocol)) {
    const value = readValue(field, params)
    if (value !== undefined) values[field.name] = value
  }
  return values
}

function readValue(field: Field, params: Params): string | number | boolean | undefined {
  const raw = params.get(field.from ?? field.name)
  if (raw === undefined) return undefined
  // Only texts that start out empty can be emptied again.
  if (raw === '') return field.initial === '' ? '' : undefined
  if (!allowed(field, raw)) throw refused(field)
  if (field.kind === 'int') return Number(raw)
  return field.kind === 'bool' ? raw.toLowerCase() === 'true' : raw
}

function allowed({ allow }: Field, raw: string): boolean {
  if (allow === undefined) return true
  return allow instanceof RegExp ? allow.test(raw) : Number(raw) >= allow[0] && Number(raw) <= allow[1]
}

const refused = ({ name, from, code }: Field): ApiError =>
  code === undefined ? invalid(`The specified ${from ?? name} is invalid.`) : new ApiError(code)

/** The listener's settings after the call; throws where they do not go together. */
export function mergeValues(
  world: World,
  loadBalancer: LoadBalancer,
  listener: Pick<Listener, 'protocol' | 'port' | 'config'>,
  given: Values,
): Values {
  const merged = { ...listener.config, ...given }
  if (merged['HealthCheckConnectPort'] === BACKEND_PORT) delete merged['HealthCheckConnectPort']
  checkBandwidth(loadBalancer, listener, merged['Bandwidth'])
  checkScheduler(loadBalancer, merged['Scheduler'])
  if (listener.protocol === 'udp') checkUdpProbe(merged)
  if (merged['StickySession'] === 'on') checkSticky(merged)
  if (merged['ConnectionDrain'] === 'on') demand(merged, 'ConnectionDrainTimeout')
  if (merged['HealthCheckHttpVersion'] === 'http1.1' && !merged['HealthCheckDomain']) throw new ApiError('MissingParam.HealthCheckDomain')
  if (listener.protocol === 'https') checkTls(world, loadBalancer, merged)
  return merged
}

/** Hash and non-hash scheduling cannot be exchanged on a listener that exists. */
export function checkSchedulerChange(before: Values, after: Values): void {
  const hash = (values: Values) => /^(sch|tch|qch)$/.test(String(values['Scheduler']))
  if (hash(before) !== hash(after)) throw invalid('The specified Scheduler is invalid.')
}

function checkBandwidth(loadBalancer: LoadBalancer, listener: Pick<Listener, 'protocol' | 'port'>, bandwidth: unknown): void {
  if (bandwidth === 0) throw invalid('The specified Bandwidth is invalid.')
  if (loadBalancer.addressType !== 'internet' || loadBalancer.internetChargeType !== 'paybybandwidth') return
  const others = loadBalancer.listeners.filter((other) => other.port !== listener.port || other.protocol !== listener.protocol)
  const sum = [...others.map((other) => other.config['Bandwidth']), bandwidth].reduce<number>(
    (total, each) => total + Math.max(0, Number(each)),
    0,
  )
  if (sum > loadBalancer.bandwidth) {
    throw invalid('The specified Bandwidth is invalid. It exceeds the maximum bandwidth available to the instance.')
  }
}

function checkScheduler(loadBalancer: LoadBalancer, scheduler: unknown): void {
  if (loadBalancer.spec === '' && /^(sch|tch|qch)$/.test(String(scheduler))) {
    throw new ApiError(
      'InvalidParameterValue.SpecNotSupport',
      `The loadBalancer of shared spec does not support the parameter value, ${scheduler}.`,
    )
  }
}

function checkUdpProbe(values: Values): void {
  for (const name of ['HealthCheckReq', 'HealthCheckExp'] as const) {
    const value = String(values[name])
    if (value.length > 64) throw new ApiError(`InvalidParamLength.${name}`)
    if (!/^[A-Za-z0-9]*$/.test(value)) throw new ApiError(`InvalidParam.${name}`)
  }
  if ((values['HealthCheckReq'] === '') !== (values['HealthCheckExp'] === '')) throw new ApiError('MissingParameter')
}

function checkSticky(values: Values): void {
  demand(values, 'StickySessionType')
  demand(values, values['StickySessionType'] === 'insert' ? 'CookieTimeout' : 'Cookie')
}

function demand(values: Values, name: string): void {
  if (values[name] === undefined) throw new ApiError('MissingParameter')
}

function checkTls(world: World, loadBalancer: LoadBalancer, values: Values): void {
  const { ServerCertificateId: server, CACertificateId: authority, TLSCipherPolicy: policy } = values
  if (server === undefined) throw new ApiError('MissingParam.ServerCertificates')
  if (!world.certificates.some(({ id }) => id === server)) throw new ApiError('CertificateNotExist')
  if (authority !== undefined && !world.caCertificates.some(({ id }) => id === authority)) throw new ApiError('CertificateNotExist')
  const known = TLS_POLICIES.includes(String(policy)) || world.tlsPolicies.some(({ id }) => id === policy)
  if (!known) throw new ApiError('InvalidTLSPolicyId.NotExist')
  if (loadBalancer.spec === '' && policy !== TLS_POLICIES[0]) {
    throw new ApiError(
      'InvalidParameter.SpecNotSupport',
      'The loadBalancer of shared spec does not support the parameter: TLSCipherPolicy.',
    )
  }
}

/** 1 to 65535; the gateway lets 0 through on layer 4, the product does not. */
export function listenerPort(params: Params, protocol: Protocol): number {
  const port = int(params, 'ListenerPort') ?? 0
  if (port === 0) throw new ApiError('InvalidParam.ListenerPort')
  if (protocol === 'udp' && [250, 4789, 4790].includes(port)) {
    throw new ApiError(
      'OperationDenied.SpecialListenerPortNotAllowed',
      `The operation is not allowed because port ${port} is reserved by the system.`,
    )
  }
  return port
}
