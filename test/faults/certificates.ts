// Certificates of the scenario: made once and kept, so that all processes of a run have the same.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { selfSigned } from '../simulator/dataplane/certificate.ts'

export type Pair = ReturnType<typeof selfSigned>

const KEPT = '.cache/faults/certificates.json'
const HOSTS = {
  shop: 'shop.example.com',
  shopRenewed: 'shop.example.com',
  www: 'www.example.com',
  wwwRenewed: 'www.example.com',
  stranger: 'stranger.example.com',
} as const

function make(): void {
  mkdirSync('.cache/faults', { recursive: true })
  const pairs = Object.entries(HOSTS).map(([name, host]) => [name, selfSigned(host)] as const)
  writeFileSync(KEPT, JSON.stringify(Object.fromEntries(pairs)))
}

if (!existsSync(KEPT)) make()

export const CERTIFICATES = JSON.parse(readFileSync(KEPT, 'utf8')) as Readonly<Record<keyof typeof HOSTS, Pair>>
