// A 2 MB web server for examples and tests, packed from busybox, where no image can be pulled.
// `/` names the task, /license.txt is what WordPress has there, /cgi-bin/request echoes request headers, port 7 echoes tcp.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './process.ts'

export const WEB_IMAGE = 'swarm-slb/web:1'

const BUSYBOX = '/bin/busybox'
const COMMANDS = ['sh', 'httpd', 'nc', 'cat', 'hostname', 'env', 'sleep', 'kill']

/** As pid 1 it has to catch TERM itself, else every task takes ten seconds to stop. */
const START = `#!/bin/sh
trap 'exit 0' TERM INT
hostname > /www/index.html
nc -ll -p 7 -e cat &
httpd -f -p 80 -h /www &
wait $!
`

const REQUEST = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "task=$(hostname)"
echo "remote=$REMOTE_ADDR"
env
`

/** Imports it into the engine that `docker` speaks to. */
export async function buildWebImage(docker: (args: readonly string[]) => Promise<string>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-slb-web-'))
  try {
    const root = join(folder, 'root')
    for (const sub of ['bin', 'www/cgi-bin', 'tmp', 'etc']) mkdirSync(join(root, sub), { recursive: true })
    copyFileSync(BUSYBOX, join(root, 'bin/busybox'))
    for (const command of COMMANDS) symlinkSync('busybox', join(root, 'bin', command))
    for (const [path, text] of [
      ['start', START],
      ['www/cgi-bin/request', REQUEST],
    ] as const) {
      writeFileSync(join(root, path), text)
      chmodSync(join(root, path), 0o755)
    }
    writeFileSync(join(root, 'www/license.txt'), 'This page is in the public domain.\n')
    const archive = join(folder, 'root.tar')
    await run(['tar', '--create', '--file', archive, '--directory', root, '--owner=0', '--group=0', '.'])
    const change = ['--change', 'CMD ["/start"]', '--change', 'ENV PATH=/bin', '--change', 'EXPOSE 80']
    await docker(['import', ...change, archive, WEB_IMAGE])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
