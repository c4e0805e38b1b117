// Small builders for what load balancers of a region share.
import { createCertificateStore } from '../../src/certificates/files.ts'
import type { CertificateFile } from '../../src/core/certificate-file.ts'
import type { WantedTarget } from '../../src/core/labels.ts'
import type { Mark } from '../../src/core/marks.ts'
import { EVERY_NODE } from '../../src/core/node-choice.ts'
import type { Acl, Certificate } from '../../src/core/region.ts'
import { NO_VIEW, type RegionView } from '../../src/core/region-wants.ts'
import { NOW, OWNER } from './build.ts'

export const DAY = 86_400_000
/** A fingerprint as the cloud shows it: 40 times the same digit. */
export const print = (digit: string) => digit.repeat(40)

export const file = (digit: string, over: Partial<Extract<CertificateFile, { status: 'read' }>> = {}): CertificateFile => ({
  status: 'read',
  fingerprint: print(digit),
  names: ['shop.example.com', '*.shop.example.com'],
  validFrom: NOW - DAY,
  validTo: NOW + DAY,
  ...over,
})

/** Our own, of the file `shop`. */
export const uploaded = (id: string, digit: string, over: Partial<Certificate> = {}): Certificate => ({
  id,
  name: `swarm-slb/me/shop/${print(digit).slice(0, 12)}`,
  fingerprint: print(digit),
  expiresAt: NOW + DAY,
  key: `shop/${print(digit)}`,
  ...over,
})

export const acl = (id: string, entries: readonly string[], over: Partial<Acl> = {}): Acl => ({
  id,
  name: 'swarm-slb/me/web/80-tcp/lb-1',
  key: 'web/80-tcp@lb-1',
  entries,
  used: 0,
  ...over,
})

export const mark = (service = 'web', over: Partial<Mark> = {}): Mark => ({
  owner: OWNER,
  service,
  port: 80,
  transport: 'tcp',
  suffix: '',
  ...over,
})

export const target = (over: Partial<WantedTarget> = {}): WantedTarget => ({
  loadBalancer: undefined,
  protocol: 'https',
  listenerPort: 443,
  settings: {},
  given: {},
  rules: [],
  nodes: EVERY_NODE,
  weights: 'managed',
  access: undefined,
  adopt: false,
  labelled: true,
  ...over,
})

export const view = (region: Partial<RegionView['region']>, over: Partial<RegionView> = {}): RegionView => ({
  ...NO_VIEW,
  region: { ...NO_VIEW.region, ...region },
  ...over,
})

/** A certificate store without a directory. */
export const NO_CERTIFICATES = createCertificateStore({ directory: undefined })
