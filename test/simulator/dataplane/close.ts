// Run as a process of its own: opens one listener of every kind with work in progress, closes the plane, and must then end by itself.
import { createSocket } from 'node:dgram'
import { createServer, get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDataPlane } from '../../../src/simulator/dataplane/index.ts'
import { check, freshAddress, group, listener } from './builders.ts'
import { selfSigned } from './certificate.ts'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }

const address = freshAddress()
const backend = createServer((request, response) => void (request.url === '/' && response.end('served')))
await new Promise<void>((resolve) => backend.listen(8000, address, resolve))

const slow = check({ type: 'http', uri: '/silent', intervalMs: 60_000 })
const of = (health = slow) => group([{ server: 'a', address, port: 8000, weight: 100 }], { check: health })
const web = listener('http', of())
const raw = listener('tcp', of(check()))
const dns = listener('udp', of(check({ type: 'udp', intervalMs: 60_000 })))
const secure = listener('https', of(), { certificate: selfSigned('x') })
const nowhere = listener('tcp', of(), { address: '192.0.2.1' })

const plane = createDataPlane({ log })
plane.sync([web, raw, dns, secure, nowhere])
await sleep(30)
const served = await new Promise<string>((resolve, reject) => {
  get({ host: web.address, port: web.port, agent: false }, (answer) => answer.on('data', (bytes) => resolve(String(bytes)))).on(
    'error',
    reject,
  )
})
get({ host: web.address, port: web.port, path: '/silent', agent: false }).on('error', () => undefined)
connect({ host: raw.address, port: raw.port }).on('error', () => undefined)
const client = createSocket('udp4')
client.send('x', dns.port, dns.address, () => client.close())
await sleep(50)

await plane.close()
backend.close()
backend.closeAllConnections()
process.stdout.write(`${served}, closed\n`)
