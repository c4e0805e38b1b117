import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('with dockerode comes neither a client for ssh nor gRPC, and it works without', () => {
  const program = `
    import { createRequire } from 'node:module'
    const { connectEngine } = await import('./src/swarm/client.ts')
    connectEngine({ env: {} })
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)))`
  const loaded: readonly string[] = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }),
  )
  const of = (name: string) => loaded.filter((path) => path.includes(`/node_modules/${name}/`)).length
  expect(of('docker-modem')).toBeGreaterThan(1)
  expect(['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'].map((name) => [name, of(name)])).toEqual([
    ['ssh2', 1],
    ['@grpc/grpc-js', 1],
    ['@grpc/proto-loader', 1],
    ['protobufjs', 0],
  ])
})
