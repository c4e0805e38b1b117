// The provider's contract on a load balancer that may be used up: of a real account with LIVE=1, else of a simulator that has no more
// than what is asked of an account, one load balancer and two servers.
import { X509Certificate } from 'node:crypto'
import { NAME } from '../../scripts/verify/leftovers.ts'
import { textOf } from '../../scripts/verify/reading.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { providerContract } from '../support/provider-contract.ts'
import { openGround } from './live.ts'

const UPLOADED = selfSigned('shop.example.com', { rsa: true })
const FINGERPRINT = new X509Certificate(UPLOADED.cert).fingerprint.replaceAll(':', '').toLowerCase()

providerContract('CLB', async () => {
  const readPem = async () => ({ certificate: UPLOADED.cert, privateKey: UPLOADED.key })
  const { account, id, name, servers, close, settleMs } = await openGround({ readPem })
  const upload = async (domain: string) => {
    const { cert, key } = selfSigned(domain, { rsa: true })
    const params = { ServerCertificateName: NAME, ServerCertificate: cert, PrivateKey: key }
    const { code, body } = await account.call('UploadServerCertificate', params)
    if (code !== 'OK') throw new Error(`UploadServerCertificate: ${code}`)
    return textOf(body, 'ServerCertificateId')
  }
  const certificates = [await upload('a.example.com'), await upload('b.example.com')] as const
  return {
    provider: account.provider,
    id,
    name,
    servers,
    certificates,
    certificate: { file: 'shop', fingerprint: FINGERPRINT },
    settleMs,
    close,
  }
})
