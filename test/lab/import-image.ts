// An image packed from a folder, where none can be pulled.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './process.ts'

/**
 * Imports it into the engine that `docker` speaks to.
 * @param changes instructions of a Dockerfile
 * @param layOut puts files where the image will have them
 */
export async function importImage(
  docker: (args: readonly string[]) => Promise<string>,
  tag: string,
  changes: readonly string[],
  layOut: (root: string) => void | Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-slb-image-'))
  try {
    const root = join(folder, 'root')
    mkdirSync(root)
    await layOut(root)
    const archive = join(folder, 'root.tar')
    await run(['tar', '--create', '--file', archive, '--directory', root, '--owner=0', '--group=0', '.'])
    await docker(['import', ...changes.flatMap((change) => ['--change', change]), archive, tag])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
