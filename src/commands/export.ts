// `export`: one load balancer as labels, or as Terraform resources.
import { CommandError, type Flags, type Io, setUp } from './io.ts'

export type ExportOptions = { readonly ref: string; readonly terraform: boolean }

export async function exportCommand(flags: Flags, { ref, terraform }: ExportOptions, io: Io): Promise<number> {
  if (ref === '') throw new CommandError('name the load balancer, by its name or id')
  // Any load balancer may be read: it need not be one of the configuration yet.
  const { config, log } = await setUp(io, { ...flags, loadBalancers: ref })
  const { text, warning } = await (await io.app()).exportOnce(config, log, ref, terraform ? 'terraform' : 'labels', io.signal)
  if (warning !== '') io.err.write(`warning: ${warning}\n`)
  io.out.write(text)
  return 0
}
