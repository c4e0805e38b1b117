// A 2 MB web server for examples and tests, packed from busybox, where no image can be pulled.
// `/` names the task, /license.txt is what WordPress has there, /cgi-bin/request echoes request headers, port 7 echoes tcp.
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { importImage } from './import-image.ts'

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
export const buildWebImage = (docker: (args: readonly string[]) => Promise<string>): Promise<void> =>
  importImage(docker, WEB_IMAGE, ['CMD ["/start"]', 'ENV PATH=/bin', 'EXPOSE 80'], (root) => {
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
  })
