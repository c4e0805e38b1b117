// The program in processes of its own, with everything that it ever says kept.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Running = { readonly child: ChildProcess; readonly said: () => string }

export function runAside(args: readonly string[], env: Readonly<Record<string, string>>, { onTestFinished }: TestContext): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return { child, said: () => text }
}

/** What a command says, on both streams, until it ends. */
export async function sayings(args: readonly string[], env: Readonly<Record<string, string>>, context: TestContext): Promise<string> {
  const { child, said } = runAside(args, env, context)
  await once(child, 'close')
  return said()
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

/** Ways in which a secret may turn up: as it is, by line, and as encodings that hide it from who looks for the plain text. */
export function formsOf(secret: string): readonly string[] {
  const lines = secret
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length >= 16 && !line.startsWith('-----'))
  const texts = [secret, ...lines]
  const encoded = texts.flatMap((text) => [
    encodeURIComponent(text),
    encodeURIComponent(encodeURIComponent(text)),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
    Buffer.from(text).toString('hex'),
    JSON.stringify(text).slice(1, -1),
  ])
  return [...new Set([...texts, ...encoded])]
}
