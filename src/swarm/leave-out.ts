// To be imported before dockerode: it loads a client for ssh and gRPC for builds, which nobody asks for here. Without them a
// process that loads dockerode takes 60 MB and not 75.
import { createRequire, Module } from 'node:module'

const require = createRequire(import.meta.url)

/** Whoever asks for it gets an empty module. `from`: the packages between us and the one that asks. */
function leaveOut(name: string, ...from: readonly string[]): void {
  const path = from.reduce((inner, next) => createRequire(inner.resolve(next)), require).resolve(name)
  require.cache[path] ??= Object.assign(new Module(path), { loaded: true })
}

leaveOut('@grpc/grpc-js', 'dockerode')
leaveOut('@grpc/proto-loader', 'dockerode')
leaveOut('ssh2', 'dockerode', 'docker-modem')
