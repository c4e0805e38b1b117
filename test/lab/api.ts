// Plain reads of the Engine API over a unix socket, for the lab's own loops: no client library, every call has a deadline.
import { request } from 'node:http'

/** GET; the parsed body of a 200. Any other answer, and silence for `timeoutMs`, is an error. */
export function readApi<T>(socketPath: string, path: string, timeoutMs = 2_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, path, headers: { host: 'localhost' }, agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => {
          body += text
        })
        response.once('error', reject)
        response.once('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`GET ${path}: ${response.statusCode} ${body.trim()}`))
          try {
            resolve((body.startsWith('{') || body.startsWith('[') ? JSON.parse(body) : body) as T)
          } catch (error) {
            reject(error)
          }
        })
      },
    )
    call.once('error', reject)
    call.end()
  })
}

export const ping = (socketPath: string): Promise<boolean> =>
  readApi<string>(socketPath, '/_ping', 2_000).then(
    () => true,
    () => false,
  )
