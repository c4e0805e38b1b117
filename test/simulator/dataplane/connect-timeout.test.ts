import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freshAddress, group, listener } from './builders.ts'
import { asked, dial, pause, testPlane } from './support.ts'

/** A backend that takes no connection and refuses none. */
async function deafBackend() {
  const at = { address: freshAddress(), port: 9_000 }
  const script = new URL('./deaf.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, at.address, String(at.port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const queued = [0, 1, 2, 3].map(() => connect({ host: at.address, port: at.port }).on('error', () => undefined))
  onTestFinished(() => queued.forEach((socket) => void socket.destroy()))
  await pause(50)
  return { server: 'deaf', ...at, weight: 100 }
}

test('a backend that does not take the connection in time is given up: a reset with tcp, 504 with http and upgrades', async () => {
  const backend = await deafBackend()
  const { plane } = testPlane({ connectTimeoutMs: 80 })
  const [raw, web] = [listener('tcp', group([backend])), listener('http', group([backend]))]
  plane.sync([raw, web])
  await pause(20)
  expect(await dial(raw).ended).toBe('reset')
  expect((await asked(web)).status).toBe(504)
  const upgrade = dial(web)
  upgrade.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await upgrade.ended
  expect(upgrade.text()).toMatch(/^HTTP\/1.1 504 /)
})
