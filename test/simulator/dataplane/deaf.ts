// Run as a process of its own: listens with the shortest queue and then stands still, so that once the queue is full the kernel drops
// further connections without an answer.
import { createServer } from 'node:net'

const [host, port] = [process.argv[2], Number(process.argv[3])]
createServer().listen({ host, port, backlog: 1 }, () => {
  process.stdout.write('listening\n', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000))
})
