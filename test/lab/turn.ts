// As many labs of tests at a time as one run has workers for them: those of another run would share the machine's processors, and what
// they measure would be each other.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Workers of vitest are numbered from 1. */
const LOCK = `/tmp/swarm-slb-lab-tests-${process.env['VITEST_POOL_ID'] ?? 1}.lock`
const WAIT_MS = 30 * 60_000

/**
 * Waits until no other run holds the turn; answers with what gives it back. It is held by a child of flock(1) that reads from us: with
 * this process the turn ends, however that dies.
 */
export async function takeTurn(say: (line: string) => void, path = LOCK): Promise<() => Promise<void>> {
  const begun = Date.now()
  const child = spawn('flock', ['--wait', String(WAIT_MS / 1000), path, 'sh', '-c', 'echo mine; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // Ctrl-C ends us first
  })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const late = setTimeout(() => say('waiting for the lab of another run to end'), 1000)
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`the lab is taken: no turn on ${path} within ${(Date.now() - begun) / 1000} s`)))
      createInterface({ input: child.stdout }).once('line', () => resolve())
    })
  } finally {
    clearTimeout(late)
  }
  return async () => {
    child.stdin.end()
    await gone
  }
}
