// curl as a visitor with a cookie jar of its own, for hosts that no name server knows.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attempt } from './process.ts'

export interface Visitor {
  /** One request on a connection of its own; status 0 where nothing answered. */
  get(url: string): Promise<{ readonly status: number; readonly body: string }>
  /** Forgets everything. */
  end(): void
}

/** @param address where all hosts are */
export function visitor(address: string): Visitor {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-slb-visitor-'))
  const jar = join(folder, 'cookies')
  const options = ['--silent', '--insecure', '--max-time', '3', '--cookie', jar, '--cookie-jar', jar, '--write-out', '\n%{http_code}']
  return {
    async get(url) {
      const { stdout } = await attempt(['curl', ...options, '--connect-to', `::${address}:`, url], { timeoutMs: 10_000 })
      const lines = stdout.split('\n')
      return { status: Number(lines.at(-1)), body: lines.slice(0, -1).join('\n').trim() }
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  }
}
