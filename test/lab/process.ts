// Programs the lab runs. Everything it starts dies with this process (PDEATHSIG) and is ended by pid, never by name.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string }
export type RunOptions = {
  readonly input?: string
  readonly timeoutMs?: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Errors count as output: logs come on either. */
  readonly both?: boolean
  /** Each line of its output as it comes. */
  readonly onLine?: (line: string) => void
}

/** Runs a command to its end and answers with what it printed, whatever its exit code; 124 means the time was over. */
export function attempt(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [file = '', ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: options.env ?? process.env, cwd: options.cwd, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
      child.stdout.destroy() // children of its own may keep these open
      child.stderr.destroy()
    }, options.timeoutMs ?? 60_000)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    if (options.onLine !== undefined)
      for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', options.onLine)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (options.both === true) stdout += text
      else stderr += text
    })
    child.stdin.on('error', () => {}) // a command that ends early closes its input: its exit code says why
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code: late ? 124 : (code ?? 137), stdout, stderr })
    })
    child.stdin.end(options.input ?? '')
  })
}

/** Runs a command that has to succeed; answers with its output. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, options)
  if (code === 0) return stdout.trim()
  const printed = `${stdout}\n${stderr}`.trim().split('\n').slice(-30).join('\n')
  throw new Error(`${command.join(' ')}: exit ${code}\n${printed}`)
}

/** Starts a program that runs on. Its own session keeps Ctrl-C away from it; the kernel kills it when this process is gone. */
export function start(
  command: readonly string[],
  logFile: string,
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess & { readonly pid: number } {
  const log = openSync(logFile, 'a')
  try {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', log, log], detached: true, env })
    child.on('error', () => {})
    if (child.pid === undefined) throw new Error(`could not start ${command.join(' ')}`)
    return child as ChildProcess & { readonly pid: number }
  } finally {
    closeSync(log)
  }
}

/** Settles when the child has ended; at once if it has. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

/** Fields after the name in /proc/<pid>/stat: [0] state, [1] parent, [19] start time in ticks since boot. */
function statOf(pid: number): { readonly name: string; readonly fields: readonly string[] } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const close = text.lastIndexOf(')')
    return { name: text.slice(text.indexOf('(') + 1, close), fields: text.slice(close + 2).split(' ') }
  } catch {
    return undefined
  }
}

/** Boot and start time: together with the pid they name one process for ever. Undefined: no such process (or a zombie). */
export function startTime(pid: number): string | undefined {
  const stat = statOf(pid)
  if (stat === undefined || stat.fields[0] === 'Z') return undefined
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${stat.fields[19]}`
}

/** The first child of a process, by name if one is given. */
export function childOf(parent: number, name?: string): number | undefined {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.map(Number).find((pid) => {
    const stat = statOf(pid)
    return stat !== undefined && Number(stat.fields[1]) === parent && (name === undefined || stat.name === name)
  })
}
