// One short HTTP exchange with a daemon on this machine, by unix socket or address. (fetch cannot speak to a unix socket.)
import { request } from 'node:http'

export type Where = { readonly socketPath: string } | { readonly host: string; readonly port: number }

export type Answer = { readonly status: number; readonly text: string }

export type Question = {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly timeoutMs: number
}

/** A status page of a thousand services is about a megabyte. */
const MAX_ANSWER = 64 * 1024 * 1024

/** @throws Error of node:http, or one that says that there was no answer in time. */
export function ask(where: Where, { method = 'GET', path, body, timeoutMs }: Question, signal?: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  return new Promise((resolve, reject) => {
    const fail = (err: Error) => reject(timeout.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : err)
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const wish = request({ ...where, method, path, headers, signal: either, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > MAX_ANSWER) answer.destroy(new Error('the answer is too long'))
      })
      answer.on('error', fail)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }))
    })
    wish.on('error', fail)
    wish.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
