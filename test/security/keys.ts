// A daemon whose key, sessions and certificates are known, so that everything it says can be searched for them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type TestContext } from 'vitest'
import { openScene, type Scene } from '../lies/scene.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { swarmService } from '../support/stand.ts'
import { formsOf, freePort } from './program.ts'

export const KEY_ID = 'Id.Of/The+Access-Key'
export const SECRET = 'Sec/ret+Of=The&Access-Key%41'
export const PAIR = selfSigned('shop.example.com')
export const SERVICES = [
  swarmService('web', 30000, { 'slb.port.80': 'http://:8080' }),
  swarmService('shop', 30001, { 'slb.port.80': 'https://:8443', 'slb.port.80.cert-id': 'file:shop' }),
  // Somebody pasted a key where it does not belong: what is shown of it is cut, and no secret of ours.
  swarmService('wrong', 30002, { 'slb.port.80': 'htp://:1' }),
]

export const expectNone = (text: string, secrets: readonly string[]) => {
  for (const form of secrets.flatMap(formsOf)) expect(text.includes(form), `${form.slice(0, 8)}… in what was said`).toBe(false)
}

const LOAD_BALANCERS = [
  { id: 'lb-1', name: 'front', address: '127.0.0.1' },
  { id: 'lb-2', name: 'second', address: '127.0.0.2' },
]

/** `keys` is what the cloud knows: ids and their secrets. */
export async function begin(
  context: TestContext,
  env: Readonly<Record<string, string>>,
  keys: Readonly<Record<string, string>> = { [KEY_ID]: SECRET },
) {
  const port = await freePort()
  const scene = await openScene(context, {
    env: {
      SLB_HTTP_ADDR: `127.0.0.1:${port}`,
      SLB_ALLOW: 'lb-2',
      LOG_LEVEL: 'trace',
      ALIBABA_CLOUD_ACCESS_KEY_ID: KEY_ID,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET,
      ...env,
    },
    state: { loadBalancers: LOAD_BALANCERS },
    simulator: { accessKeys: keys },
  })
  await writeFile(join(scene.directory, 'shop.crt'), PAIR.cert)
  await writeFile(join(scene.directory, 'shop.key'), PAIR.key)
  scene.stand.services(SERVICES)
  return { scene, port }
}

/** The session that the daemon has from its role. */
export async function sessionOf({ stand }: Scene): Promise<readonly [id: string, secret: string, token: string]> {
  const answer = await fetch(`${stand.simulator.metadataUrl}/latest/meta-data/ram/security-credentials/swarm-slb`)
  const { AccessKeyId, AccessKeySecret, SecurityToken } = JSON.parse(await answer.text())
  expect(SecurityToken.length).toBeGreaterThan(50)
  return [AccessKeyId, AccessKeySecret, SecurityToken]
}

/** No access key: the instance has a role. */
export const ROLE = { ALIBABA_CLOUD_ACCESS_KEY_ID: '', ALIBABA_CLOUD_ACCESS_KEY_SECRET: '', LOG_FORMAT: 'json' }
