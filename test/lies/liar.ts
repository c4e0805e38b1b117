// A cloud that lies: it stands before the simulator and passes everything on, but for the answers that a test spoils.
import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

type Answer = Readonly<Record<string, unknown>>
type Spoil = (answer: Answer) => Answer

export type Liar = {
  readonly url: string
  /** Answers of this action are spoiled from now on; `undefined` takes that back. What the call does is done all the same. */
  lie(action: string, spoil: Spoil | undefined): void
  /** How many answers were spoiled. */
  lies(): number
  close(): Promise<void>
}

/** @param truth gives the address of the simulator's API */
export async function startLiar(truth: () => string): Promise<Liar> {
  const spoils = new Map<string, Spoil>()
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const action =
      new URLSearchParams(body.toString('utf8')).get('Action') ?? new URL(request.url ?? '/', truth()).searchParams.get('Action')
    const { method = 'POST', headers } = request
    const passed = send(new URL(request.url ?? '/', truth()), { method, headers, agent: false }, async (answer) => {
      const real = await buffer(answer)
      const spoil = answer.statusCode === 200 ? spoils.get(action ?? '') : undefined
      if (spoil !== undefined) count += 1
      const told = spoil === undefined ? real : Buffer.from(JSON.stringify(spoil(JSON.parse(real.toString('utf8')))))
      response.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json', 'content-length': told.length }).end(told)
    })
    passed.on('error', () => response.destroy())
    passed.end(body)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: (action, spoil) => void (spoil === undefined ? spoils.delete(action) : spoils.set(action, spoil)),
    lies: () => count,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}
