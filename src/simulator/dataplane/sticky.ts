// Cookie stickiness without a table: the client carries the backend's id, so nothing is remembered here and nothing grows.
// insert: our own cookie SERVERID holds the id, and is renewed with every response, so that it ends `timeoutS` after the last one.
// server: the application's cookie travels to the client as `<id>~<value>` and back to the backend as `<value>`.
import type { PlaneSticky } from '../plane.ts'

const INSERTED = 'SERVERID'
/** Backend ids are 16 hexadecimal digits. */
const MARKED = /^([0-9a-f]{16})~/

type Headers = readonly string[]

const cookieName = (sticky: PlaneSticky) => (sticky.kind === 'server' ? sticky.cookie : INSERTED)

const split = (pair: string): readonly [name: string, value: string] => {
  const at = pair.indexOf('=')
  return at < 0 ? ['', pair.trim()] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
}

/** The backend id that the request's Cookie header asks for. */
export function stickyBackend(sticky: PlaneSticky, cookies: string | undefined): string | undefined {
  if (sticky.kind === 'off' || cookies === undefined) return undefined
  const value = cookies
    .split(';')
    .map(split)
    .find(([name]) => name === cookieName(sticky))?.[1]
  return sticky.kind === 'insert' ? value : value && MARKED.exec(value)?.[1]
}

/** What the backend sees of a Cookie header: its own cookie as it once set it. */
export function cookiesForBackend(sticky: PlaneSticky, cookies: string): string {
  if (sticky.kind !== 'server') return cookies
  const unmark = (pair: string) => {
    const [name, value] = split(pair)
    return name === sticky.cookie && MARKED.test(value) ? pair.replace(value, value.replace(MARKED, '')) : pair
  }
  return cookies.split(';').map(unmark).join(';')
}

/** The response's raw headers as the client gets them: SERVERID added, or the application's cookie marked. */
export function stickyResponse(sticky: PlaneSticky, headers: Headers, backend: string): Headers {
  if (sticky.kind === 'off') return headers
  if (sticky.kind === 'insert') return [...headers, 'Set-Cookie', `${INSERTED}=${backend}; Max-Age=${sticky.timeoutS}; Path=/`]
  return headers.map((value, at) => (at % 2 === 1 && isSetCookie(headers[at - 1]) ? mark(value, sticky.cookie, backend) : value))
}

const isSetCookie = (name: string | undefined) => name?.length === 10 && name.toLowerCase() === 'set-cookie'

/** An empty value takes the cookie away: nothing to mark. */
function mark(setCookie: string, cookie: string, backend: string): string {
  const [pair = '', ...attributes] = setCookie.split(';')
  const [name, value] = split(pair)
  if (name !== cookie || value === '' || value === '""') return setCookie
  return [`${name}=${backend}~${value}`, ...attributes].join(';')
}
