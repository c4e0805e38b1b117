// ClientToken of CreateLoadBalancer: the same token with the same parameters makes one load balancer, however often it is sent.
import { ApiError } from '../gateway/api-error.ts'
import { text } from '../gateway/params.ts'
import type { Action, Body, Call } from './call.ts'

export type ClientTokens = { once(call: Call, create: Action): Body }

export function createClientTokens(): ClientTokens {
  const used = new Map<string, { readonly asked: string; readonly body: Body; readonly answerAt: number }>()
  return {
    once(call, create) {
      const token = text(call.params, 'ClientToken')
      if (token === undefined) return create(call)
      const asked = fingerprint(call)
      const before = used.get(token)
      if (before === undefined) {
        const body = create(call)
        used.set(token, { asked, body, answerAt: call.answerAt })
        return body
      }
      if (before.asked !== asked) throw new ApiError('LX_REQUEST_TOKEN_CONFLICT')
      if (before.answerAt > call.now) throw new ApiError('OperationFailed.TokenIsProcessing')
      return before.body
    },
  }
}

const PER_CALL = /^(Signature.*|Timestamp|SecurityToken|AccessKeyId)$/

const fingerprint = ({ params }: Call): string =>
  JSON.stringify([...params].filter(([name]) => !PER_CALL.test(name)).sort(([a], [b]) => (a < b ? -1 : 1)))
