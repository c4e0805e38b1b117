// The ground a lab stands on: a number of its own, a folder, and in it the list of everything it started.
// What a killed run left is cleaned at the next start: only where the owner is dead, and only what its list names.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { attempt, run, startTime } from './process.ts'

const HOME = process.env['SWARM_SLB_LAB_DIR'] ?? '/var/lib/swarm-slb-lab'
const CGROUPS = '/sys/fs/cgroup'
const LIST = 'lab.json'
/** Engines write to disk at every step and wait for it. In memory a lab is quicker; where there is too little of it, it is not. */
const MEMORY = 'data'
const LAB_BYTES = 4 * 2 ** 30

type Known = { readonly pid: number; readonly started: string; readonly what: string }
type List = {
  readonly owner: Known
  readonly processes: readonly Known[]
  readonly cgroups: readonly string[]
  readonly links: readonly string[]
}

export interface Ground {
  /** 1..250: the third byte of the lab's addresses. */
  readonly number: number
  readonly folder: string
  /** For what engines write, in memory where there is enough. */
  readonly data: string
  /** Notes a process, so that a later run may end it. */
  noteProcess(pid: number, what: string): void
  noteCgroup(name: string): void
  /** An interface in the root namespace. */
  noteLink(name: string): void
  /** Ends what is still noted, removes the cgroups and the folder. */
  clear(): Promise<void>
}

export async function claimGround(log: (line: string) => void): Promise<Ground> {
  const started = startTime(process.pid) ?? ''
  let list: List = { owner: { pid: process.pid, started, what: process.argv.slice(0, 2).join(' ') }, processes: [], cgroups: [], links: [] }
  const draft = draftFolder()
  writeFileSync(join(draft, LIST), JSON.stringify(list, null, 2))
  await clearLeftovers(log)
  const { number, folder } = await claimNumber(draft)
  const save = (next: List): void => {
    list = next
    writeFileSync(join(folder, `${LIST}.new`), JSON.stringify(list, null, 2))
    renameSync(join(folder, `${LIST}.new`), join(folder, LIST))
  }
  const data = join(folder, MEMORY)
  mkdirSync(data)
  if (freemem() > 2 * LAB_BYTES) await attempt(['mount', '-t', 'tmpfs', '-o', `mode=700,size=${LAB_BYTES}`, 'swarm-slb-lab', data])
  return {
    number,
    folder,
    data,
    noteProcess: (pid, what) => save({ ...list, processes: [...list.processes, { pid, started: startTime(pid) ?? '', what }] }),
    noteCgroup: (name) => save({ ...list, cgroups: [...list.cgroups, name] }),
    noteLink: (name) => save({ ...list, links: [...list.links, name] }),
    clear: () => clear(folder, list),
  }
}

/** The last lab to end takes the home with it, which may be now. */
function draftFolder(): string {
  for (let tries = 0; ; tries += 1) {
    mkdirSync(HOME, { recursive: true, mode: 0o700 })
    try {
      return mkdtempSync(join(HOME, 'new-'))
    } catch (error) {
      if (tries === 20) throw error
    }
  }
}

/** A folder with its list in it is renamed into place: two runs cannot take one number, and none is ever without its list. */
async function claimNumber(draft: string): Promise<{ number: number; folder: string }> {
  const routes = await run(['ip', '-4', 'route', 'show', 'table', 'all'])
  for (let number = 1; number <= 250; number += 1) {
    const folder = join(HOME, String(number))
    if (existsSync(folder) || routes.includes(`10.77.${number}.`)) continue
    try {
      renameSync(draft, folder)
      return { number, folder }
    } catch (error) {
      if (!existsSync(folder)) throw error
    }
  }
  rmSync(draft, { recursive: true, force: true })
  throw new Error(`no free lab number under ${HOME}`)
}

async function clearLeftovers(log: (line: string) => void): Promise<void> {
  for (const entry of readdirSync(HOME)) {
    const folder = join(HOME, entry)
    const list = readList(folder)
    if (list === undefined || alive(list.owner)) continue
    log(`cleaning up after a lab whose process ${list.owner.pid} is gone: ${folder}`)
    await clear(folder, list)
  }
}

function readList(folder: string): List | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, LIST), 'utf8')) as List
  } catch {
    return undefined // claimed a moment ago, or cleared by another run
  }
}

const alive = (known: Known): boolean => startTime(known.pid) === known.started

/** Newest first: an engine goes before the namespace it lives in. */
async function clear(folder: string, list: List): Promise<void> {
  for (const known of list.processes.toReversed()) {
    if (!alive(known)) continue
    process.kill(known.pid, 'SIGKILL')
    for (let waited = 0; alive(known) && waited < 10_000; waited += 20) await sleep(20)
  }
  for (const name of list.links) await attempt(['ip', 'link', 'delete', name]) // often gone with its namespace by now
  for (const name of list.cgroups) await removeCgroup(name)
  await attempt(['umount', '--lazy', join(folder, MEMORY)]) // it may be on disk
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  try {
    rmdirSync(HOME)
  } catch {
    // another lab is here
  }
}

/** Version 1 has one tree for each controller, version 2 a single one. A group whose last process just died may stay busy for a moment. */
async function removeCgroup(name: string): Promise<void> {
  const roots = [CGROUPS, ...readdirSync(CGROUPS).map((controller) => join(CGROUPS, controller))]
  for (const group of roots.map((root) => join(root, name)).filter((path) => existsSync(path))) {
    for (let tries = 0; existsSync(group) && tries < 50; tries += 1) {
      removeTree(group)
      if (existsSync(group)) await sleep(100)
    }
  }
}

function removeTree(group: string): void {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(group, entry.name))
    rmdirSync(group)
  } catch {
    // busy: tried again
  }
}
