// A refusal as the cloud words it: code, HTTP status and literal message, from the vendor's tables unless the caller knows better.
import { ERRORS } from '../tables/errors.ts'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly status: number

  constructor(code: string, message?: string, status?: number) {
    const known = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined
    const [knownStatus, knownMessage] = known ?? [400, 'The request was refused.']
    super(message ?? knownMessage.replaceAll('%s', 'The specified parameter is not valid'))
    this.code = code
    this.status = status ?? knownStatus
  }
}

/** `InvalidParameter` is the cloud's word for most mistakes; only the message tells them apart. */
export const invalid = (message: string, status = 400): ApiError => new ApiError('InvalidParameter', message, status)

export const listenerMissing = (): ApiError => invalid('The specified resource does not exist.')

export const groupMissing = (): ApiError => invalid('The specified VServerGroupId does not exist.', 404)
