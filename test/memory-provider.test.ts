// The provider that the tests of the core stand on keeps the same promises as a real one.
import { balancer } from './support/build.ts'
import { memoryProvider } from './support/memory-provider.ts'
import { providerContract } from './support/provider-contract.ts'

providerContract('The provider in memory', async () => ({
  provider: memoryProvider([balancer({ id: 'lb-1', name: 'front', members: [], groups: [], listeners: [] })]),
  id: 'lb-1',
  name: 'front',
  servers: Array.from({ length: 25 }, (_, n) => `i-${String(n + 1).padStart(2, '0')}`),
  certificates: ['cert-a', 'cert-b'],
  certificate: { file: 'shop', fingerprint: 'abcd' },
  close: async () => {},
}))
