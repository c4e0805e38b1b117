// Reads that lag behind writes: copies of the world as it was before each write, for as long as somebody may still see them.
import type { World } from './world.ts'

export type History = {
  /** Before a write changes the world. */
  remember(world: World, lagMs: number, now: number): void
  /** The world as it was `lagMs` ago. */
  view(world: World, lagMs: number, now: number): World
}

export function createHistory(): History {
  /** Each copy was true until its time. */
  let copies: { readonly world: World; readonly until: number }[] = []
  return {
    remember(world, lagMs, now) {
      copies = copies.filter(({ until }) => until > now - lagMs)
      if (lagMs > 0) copies.push({ world: structuredClone(world), until: now })
    },
    view: (world, lagMs, now) => (lagMs === 0 ? world : (copies.find(({ until }) => until > now - lagMs)?.world ?? world)),
  }
}
