import { expect, test } from 'vitest'
import { endpointOf } from '../../../src/providers/aliyun/endpoints.ts'

test.each([
  ['slb', 'cn-beijing', 'vpc', undefined, 'https://slb-vpc.cn-beijing.aliyuncs.com'],
  ['ecs', 'cn-hangzhou', 'vpc', undefined, 'https://ecs-vpc.cn-hangzhou.aliyuncs.com'],
  ['slb', 'cn-hangzhou', 'public', undefined, 'https://slb.aliyuncs.com'],
  ['slb', 'us-west-1', 'public', undefined, 'https://slb.aliyuncs.com'],
  ['slb', 'eu-central-1', 'public', undefined, 'https://slb.eu-central-1.aliyuncs.com'],
  ['slb', 'cn-zhangjiakou', 'public', undefined, 'https://slb.cn-zhangjiakou.aliyuncs.com'],
  ['ecs', 'cn-hangzhou', 'public', undefined, 'https://ecs-cn-hangzhou.aliyuncs.com'],
  ['ecs', 'cn-beijing', 'public', undefined, 'https://ecs.cn-beijing.aliyuncs.com'],
  ['sts', 'cn-beijing', 'vpc', undefined, 'https://sts-vpc.cn-beijing.aliyuncs.com'],
  ['slb', 'cn-beijing', 'vpc', 'http://127.0.0.1:9751/', 'http://127.0.0.1:9751'],
  ['slb', 'cn-beijing', 'public', 'slb.example.com', 'https://slb.example.com'],
  ['slb', 'cn-beijing', 'public', '', 'https://slb.aliyuncs.com'],
] as const)('%s in %s over %s, override %s: %s', (product, region, network, override, url) => {
  expect(endpointOf(product, region, network, override)).toBe(url)
})
