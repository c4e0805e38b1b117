// HAProxy as its official image has it, as far as deploy/proxy needs that: packed from this machine's, where no image can be pulled.
import { copyInto, libraries } from '../../scripts/base-image.ts'
import { importImage } from './import-image.ts'
import { run } from './process.ts'

export const PROXY_IMAGE = 'swarm-slb/haproxy:1'

/** Imports it into the engine that `docker` speaks to. */
export async function buildProxyImage(docker: (args: readonly string[]) => Promise<string>): Promise<void> {
  const haproxy = await run(['sh', '-c', 'command -v haproxy'])
  const command = JSON.stringify([haproxy, '-W', '-db', '-f', '/usr/local/etc/haproxy/haproxy.cfg'])
  await importImage(docker, PROXY_IMAGE, [`CMD ${command}`], async (root) => {
    for (const file of [haproxy, ...(await libraries(haproxy))]) copyInto(root, file)
  })
}
