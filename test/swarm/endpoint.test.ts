import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nock from 'nock'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { EndpointError, resolveEndpoint } from '../../src/swarm/endpoint.ts'
import { fixtureText } from '../support/fake-engine.ts'

nock.restore()

const tcp = (host: string, port: number, protocol = 'http') => ({ protocol, host, port, tls: {} })
const unix = (socketPath: string) => ({ protocol: 'http', socketPath })

test.each([
  [undefined, unix('/var/run/docker.sock')],
  ['', unix('/var/run/docker.sock')],
  ['unix://', unix('/var/run/docker.sock')],
  ['unix:///run/user/1000/docker.sock', unix('/run/user/1000/docker.sock')],
  ['tcp://10.0.0.1:2376', tcp('10.0.0.1', 2376)],
  ['tcp://10.0.0.1', tcp('10.0.0.1', 2375)],
  ['tcp://10.0.0.1:', tcp('10.0.0.1', 2375)],
  ['tcp://', tcp('127.0.0.1', 2375)],
  ['tcp://:4000', tcp('127.0.0.1', 4000)],
  ['tcp://[::1]:4000', tcp('[::1]', 4000)],
  ['10.0.0.1:4000', tcp('10.0.0.1', 4000)],
  ['http://engine:4000/', tcp('engine', 4000)],
  ['https://engine:4000', tcp('engine', 4000, 'https')],
])('DOCKER_HOST=%s', (host, endpoint) => {
  expect(resolveEndpoint({ host })).toEqual(endpoint)
})

test.each([
  ['ssh://me@engine', /ssh:\/\/ is not supported/],
  ['npipe:////./pipe/docker_engine', /npipe:\/\/ is not supported/],
  ['tcp://engine:2375/prefix', /a path .* is not supported/],
  ['/var/run/docker.sock', /expected unix:\/\/\/path/],
  ['tcp://engine:port', /or tcp:\/\/host:port/],
  ['tcp://me:secret@engine:2375', /^(?!.*secret).*user name/],
  ['tcp://me:secret@engine:port', /^(?!.*secret).*expected/],
])('DOCKER_HOST=%s is an error that says why', (host, text) => {
  expect(() => resolveEndpoint({ host })).toThrow(text)
})

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'engine-tls-'))
  const at = (file: string) => join(folder, file)
  const server = { url: '', close: async () => {} }

  beforeAll(async () => {
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2')
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'csr.pem', '-subj', '/CN=engine')
    writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1')
    openssl('x509', '-req', '-in', 'csr.pem', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-out', 'cert.pem', '-days', '2', '-extfile', 'ext')
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((file) => readFileSync(at(file)))
    const listener = createServer({ ca, cert, key, requestCert: true }, (_, response) => response.end(fixtureText('info.json')))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    server.url = `tcp://127.0.0.1:${(listener.address() as AddressInfo).port}`
    server.close = async () => {
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
    }
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  test('an engine with the right certificate is believed', async () => {
    const engine = connectEngine({ host: server.url, tlsVerify: true, certPath: folder, callTimeoutMs: 2000 })
    expect((await engine.info(new AbortController().signal)).Swarm.ControlAvailable).toBe(true)
  })

  test('an engine whose certificate nobody known has signed is not', async () => {
    const host = server.url.replace('tcp', 'https')
    await expect(connectEngine({ host, callTimeoutMs: 2000 }).info(new AbortController().signal)).rejects.toMatchObject({
      kind: 'unreachable',
    })
  })

  test('verification without ca.pem is an error', () => {
    expect(() => resolveEndpoint({ host: 'tcp://engine', tlsVerify: true, certPath: '/nowhere' })).toThrow('/nowhere/ca.pem is missing')
  })

  test('the environment of the process changes nothing that was settled by the settings', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:1')
    vi.stubEnv('DOCKER_CLIENT_TIMEOUT', '1')
    vi.stubEnv('DOCKER_TLS_VERIFY', '1')
    const engine = connectEngine({ host: server.url, tlsVerify: true, certPath: folder, callTimeoutMs: 2000 })
    expect((await engine.info(new AbortController().signal)).Swarm.ControlAvailable).toBe(true)
    vi.stubEnv('DOCKER_CERT_PATH', '/nowhere')
    expect(() => connectEngine({ host: server.url })).toThrow(EndpointError)
    vi.stubEnv('DOCKER_CERT_PATH', undefined)
    await expect(connectEngine({ host: 'unix:///nowhere.sock' }).info(new AbortController().signal)).rejects.toThrow('/nowhere.sock')
    vi.unstubAllEnvs()
  })
})
