// Where the APIs of a region are, by the vendor's rule and its exceptions (endpoint pages of CLB and ECS).

const PUBLIC_EXCEPTIONS: Readonly<Record<string, string>> = {
  'slb.cn-hangzhou': 'slb.aliyuncs.com',
  'ecs.cn-hangzhou': 'ecs-cn-hangzhou.aliyuncs.com',
}

export function endpointOf(product: 'slb' | 'ecs', regionId: string, network: 'vpc' | 'public'): string {
  if (network === 'vpc') return `https://${product}-vpc.${regionId}.aliyuncs.com`
  return `https://${PUBLIC_EXCEPTIONS[`${product}.${regionId}`] ?? `${product}.${regionId}.aliyuncs.com`}`
}
