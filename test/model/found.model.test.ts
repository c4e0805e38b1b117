// Sequences that were found to break a rule, shrunk, by what they showed.
import { expect, test } from 'vitest'
import type { Sequence } from './actions.ts'
import { play } from './play.ts'

const FOUND: Readonly<Record<string, string>> = {
  'a paused load balancer is not looked at again and again, at once and without end':
    '{"setup":{"backends":"auto","pool":false},"actions":[{"deed":{"kind":"create","name":"a","spec":{"wish":{"targets":[{"protocol":"tcp","lb":"","port":80}],"options":{},"rules":"","adopt":false,"enable":true,"freeze":false,"wrong":{"slb.port.80.bandwidth":"much"}},"mode":"ingress","transport":"tcp","published":30000,"settled":true,"tasks":[]}},"wait":0},{"deed":{"kind":"create","name":"a","spec":{"wish":{"targets":[{"protocol":"tcp","lb":"","port":80}],"options":{"weights":"ignore"},"rules":"","adopt":false,"enable":true,"freeze":false,"wrong":{}},"mode":"ingress","transport":"tcp","published":30000,"settled":true,"tasks":[]}},"wait":0},{"deed":{"kind":"hand","lb":"lb-1","hand":{"does":"zero","which":0,"member":0}},"wait":16000},{"deed":{"kind":"hand","lb":"lb-1","hand":{"does":"pause"}},"wait":0},{"deed":{"kind":"create","name":"a","spec":{"wish":{"targets":[{"protocol":"tcp","lb":"","port":80}],"options":{},"rules":"","adopt":false,"enable":true,"freeze":false,"wrong":{"slb.port.80.bandwidth":"much"}},"mode":"host","transport":"tcp","published":30000,"settled":true,"tasks":["n2"]}},"wait":0}]}',
}

test.each(Object.entries(FOUND))('%s', { timeout: 30_000 }, async (_, sequence) => {
  expect((await play(JSON.parse(sequence) as Sequence)).writes).toBeGreaterThan(0)
})
