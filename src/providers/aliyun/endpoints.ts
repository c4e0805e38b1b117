// Where the APIs of a region are reached, from inside a VPC or over the public network.

export type Product = 'slb' | 'ecs' | 'sts'
export type Network = 'vpc' | 'public'

/** Regions whose public CLB endpoint is the shared host (the fixed map of the vendor's SDKs). */
const SHARED_SLB: ReadonlySet<string> = new Set([
  'cn-qingdao',
  'cn-beijing',
  'cn-hangzhou',
  'cn-shanghai',
  'cn-shenzhen',
  'cn-hongkong',
  'ap-southeast-1',
  'us-east-1',
  'us-west-1',
  'cn-shanghai-finance-1',
  'cn-shenzhen-finance-1',
  'cn-hangzhou-finance',
])

/** `https://host`, without a slash at the end. An override may leave out `https://`; `http://` is for simulators. */
export function endpointOf(product: Product, region: string, network: Network, override?: string): string {
  if (override !== undefined && override !== '') {
    const url = /^https?:\/\//.test(override) ? override : `https://${override}`
    return url.replace(/\/+$/, '')
  }
  if (network === 'vpc') return `https://${product}-vpc.${region}.aliyuncs.com`
  if (product === 'slb' && SHARED_SLB.has(region)) return 'https://slb.aliyuncs.com'
  if (product === 'ecs' && region === 'cn-hangzhou') return 'https://ecs-cn-hangzhou.aliyuncs.com'
  return `https://${product}.${region}.aliyuncs.com`
}
