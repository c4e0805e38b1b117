import { describe, expect, test } from 'vitest'
import { callError, RULES, scrub, verdictOf } from '../../../src/providers/aliyun/errors.ts'
import { CREDENTIALS } from './support.ts'

describe('what a code means', () => {
  test.each([
    ['ServiceIsConfiguring', 400, 'busy'],
    ['OperationBusy', 400, 'busy'],
    ['BackendServer.configuring', 409, 'busy'],
    ['ServiceIsStopping', 409, 'busy'],
    ['VServerGroupProcessing', 400, 'busy'],
    ['SystemBusy', 449, 'busy'],
    ['SystemBusy', 400, 'busy'],
    ['ListenerProcessing', 400, 'busy'],
    ['Operation.Deny', 400, 'busy'],
    ['OperationFailed.ListenerStatusNotSupport', 400, 'busy'],
    ['OperationFailed.ServiceGroupProcessing', 400, 'busy'],
    ['ProcessingSameRequest', 400, 'busy'],
    ['Throttling', 400, 'throttled'],
    ['Throttling.User', 400, 'throttled'],
    ['Throttling.Api', 503, 'throttled'],
    ['Throttling.NotYetInvented', 400, 'throttled'],
    ['Rejected.Throttling', 400, 'throttled'],
    ['Http429', 429, 'throttled'],
    ['SignatureNonceUsed', 400, 'replayed'],
    ['InvalidSecurityToken.Expired', 400, 'credentials'],
    ['InvalidAccessKeyId.NotFound', 404, 'credentials'],
    ['SignatureDoesNotMatch', 400, 'credentials'],
    ['ConnectFailed', undefined, 'unsent'],
    ['RequestTimeout', undefined, 'unknown'],
    ['ConnectionLost', undefined, 'unknown'],
    ['InvalidResponse', 200, 'unknown'],
    ['InternalError', 500, 'unknown'],
    ['InternalInvokeError', 400, 'unknown'],
    ['ServiceUnavailable', 503, 'unknown'],
    ['NeverHeardOf', 502, 'unknown'],
    ['InvalidTimeStamp.Expired', 400, 'failed'],
    ['ListenerAlreadyExists', 400, 'failed'],
    ['RspoolVipExist', 400, 'failed'],
    ['Forbidden.RAM', 403, 'failed'],
    ['InvalidLoadBalancerId.NotFound', 404, 'failed'],
    ['toString', 400, 'failed'],
  ] as const)('%s with %s is %s', (code, httpStatus, verdict) => {
    expect(verdictOf(code, httpStatus)).toBe(verdict)
  })

  test('what may have happened is never repeated for a write', () => {
    const repeatedWrites = Object.values(RULES).filter(({ writes, repeats }) => writes && repeats > 0)
    expect(repeatedWrites.map(({ status }) => status)).not.toContain('unknown')
  })
})

test.each([
  ['ListenerNumberOverLimit', 'The maximum number of listeners is exceeded.', 'slb_quota_listeners_num'],
  ['InstanceBackendServerNumberOverLimit', '', 'slb_quota_backendservers_num'],
  ['QuotaLimitExceeds', 'The number of times the server is attached exceeds the quota.', 'slb_quota_backendserver_attached_num'],
  ['QuotaLimitExceeds', 'The quota is exceeded.', 'server groups'],
  ['TooManyRules', '', 'slb_quota_rules_num'],
  ['DomainExtensionNumberOverLimit', '', 'slb_quota_domain_extensions_num'],
  ['ListenerAlreadyExists', '', undefined],
])('%s (%s) is about the quota %s', (code, message, quota) => {
  expect(callError('Action', { code, message, httpStatus: 400 }, [])).toMatchObject({ status: 'failed', quota })
})

describe('the words of an error', () => {
  test('tell what to do where only the operator can', () => {
    const failure = { code: 'InvalidTimeStamp.Expired', message: 'Specified time stamp or date value is expired.', httpStatus: 400 }
    expect(callError('DescribeTags', failure, []).message).toBe(
      "DescribeTags: InvalidTimeStamp.Expired: Specified time stamp or date value is expired. (this machine's clock is more than 15 minutes off)",
    )
  })

  test('keep a code and a request id only where they look like one', () => {
    const error = callError('DescribeTags', { code: 'a b\nc', message: 'm', requestId: 'x y' }, [])
    expect(error).toMatchObject({ code: 'Unreadable', requestId: undefined })
  })

  const { accessKeyId, accessKeySecret, securityToken = '' } = CREDENTIALS
  test.each([
    ['a value as it is', `no key ${accessKeyId}`, 'no key ***'],
    ['a value as a query has it', `x=${encodeURIComponent(accessKeySecret)}.`, 'x=***.'],
    ['a value as a string to sign has it', `y ${encodeURIComponent(encodeURIComponent(securityToken))}!`, 'y ***!'],
    ['the URL that pop-core adds', 'Busy., URL: https://slb.aliyuncs.com/?Action=A&Signature=abc%3D', 'Busy.'],
    ['any other URL', 'see https://user:pw@host/x?y=z now', 'see (url) now'],
    ['the string that was signed', 'not matched. server string to sign is:POST&%2F&AccessKeyId%3DLTAIabc', 'not matched.'],
    ['a signature', 'bad Signature=abcdef%3D&Action=x', 'bad Signature=***&Action=x'],
    ['a token in JSON', '{"SecurityToken":"CAIS123","a":1}', '{"SecurityToken=***","a":1}'],
    ["somebody else's key id", 'key LTAI4GExampleOther is disabled', 'key *** is disabled'],
    ['line breaks', 'a\r\nlevel=error b', 'a level=error b'],
  ])('are without %s', (_, text, clean) => {
    expect(scrub(text, [accessKeyId, accessKeySecret, securityToken])).toBe(clean)
  })

  test('have no secret for a code either', () => {
    expect(callError('DescribeTags', { code: accessKeyId, message: 'm' }, [accessKeyId]).code).toBe('***')
  })

  test('are short', () => {
    expect(scrub('x'.repeat(10_000), [])).toHaveLength(300)
  })
})
