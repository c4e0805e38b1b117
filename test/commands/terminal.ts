// Runs a command line as a terminal would, with the parts it talks to handed in.
import type { App, Io } from '../../src/commands/io.ts'
import { runCommand } from '../../src/commands/program.ts'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

export const CONFIG = { SLB_ID: 'lb-1', ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou', SLB_SOCKET: 'off', SLB_HTTP_ADDR: 'off' }

export type Setting = {
  readonly env?: Io['env']
  readonly app?: Partial<App>
  /** Called with everything written so far. */
  readonly onOut?: (text: string) => void
  readonly signal?: AbortSignal
  readonly isTerminal?: boolean
  readonly width?: number
}

const missing = (name: string) => async (): Promise<never> => {
  throw new Error(`${name} must not be called`)
}

export async function run(args: readonly string[], setting: Setting = {}): Promise<Ran> {
  const { env = CONFIG, app = {}, isTerminal = false, width = Infinity, signal = new AbortController().signal } = setting
  const written = { out: '', err: '' }
  const output = (name: 'out' | 'err') => ({
    isTerminal,
    width,
    write: (text: string) => {
      written[name] += text
      if (name === 'out') setting.onOut?.(written.out)
    },
  })
  const code = await runCommand(args, {
    env,
    out: output('out'),
    err: output('err'),
    signal,
    app: async () => ({
      runDaemon: missing('runDaemon'),
      planOnce: missing('planOnce'),
      readStatus: missing('readStatus'),
      cleanUp: missing('cleanUp'),
      takeOver: missing('takeOver'),
      exportOnce: missing('exportOnce'),
      moveOnce: missing('moveOnce'),
      readGround: missing('readGround'),
      ...app,
    }),
  })
  return { code, ...written }
}
