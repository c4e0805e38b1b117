#!/usr/bin/env node
// The entry: the one place that reads the environment and the one signal that ends everything.
import type { Output } from './commands/io.ts'
import { runCommand } from './commands/program.ts'

// Libraries that are loaded later would print what they send and receive: sessions, private keys.
delete process.env['DEBUG']

const stop = new AbortController()
// Once: a second Ctrl-C ends the process at once.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())

const output = (stream: NodeJS.WriteStream): Output => ({
  isTerminal: stream.isTTY === true,
  width: stream.isTTY ? stream.columns || 80 : Infinity,
  write: (text) => stream.write(text),
})
// `swarm-slb status | head` closes the pipe early, which is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (err: NodeJS.ErrnoException) => process.exit(err.code === 'EPIPE' ? 0 : 1))
}

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  out: output(process.stdout),
  err: output(process.stderr),
  signal: stop.signal,
  app: () => import('./app.ts'),
})
