// Words of the cloud are hostile too: no message takes long to be cleaned.
import { expect, test } from 'vitest'
import { scrub } from '../../../src/providers/aliyun/errors.ts'
import { EndpointError, resolveEndpoint } from '../../../src/swarm/endpoint.ts'

const timed = (run: () => void): number => {
  const began = performance.now()
  run()
  return performance.now() - began
}

test.each(['\n', ' ', '\t', '-----BEGIN ', 'URL:'])('runs of %j are cleaned in no time', (piece) => {
  expect(timed(() => scrub(`no ${piece.repeat(200_000 / piece.length)}!`, []))).toBeLessThan(1000)
})

test('neither does a host of slashes', () => {
  expect(timed(() => expect(() => resolveEndpoint({ host: `npipe://${'/'.repeat(200_000)}` })).toThrow(EndpointError))).toBeLessThan(1000)
})
