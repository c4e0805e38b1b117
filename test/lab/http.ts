// One request on a connection of its own, as a new visitor makes it: a kept connection would stay with one task.
import { get, type IncomingHttpHeaders } from 'node:http'

export type Page = { readonly status: number; readonly body: string; readonly headers: IncomingHttpHeaders }

/** Fails where nothing answers within `timeoutMs`. */
export function getText(url: string, timeoutMs = 2_000, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, headers: { connection: 'close', ...headers }, signal: AbortSignal.timeout(timeoutMs) } as const
    const call = get(url, options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: body.trim(), headers: response.headers }))
    })
    call.once('error', reject)
  })
}
