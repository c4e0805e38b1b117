// nock stands between every call and its socket, for all files that a worker runs: once one of them has switched it off, it is on only where
// a file asks for it.
import nock from 'nock'
import { afterAll, beforeAll } from 'vitest'

/** Calls of this file are answered by nock, and none reaches the outside. */
export function useNock(): void {
  beforeAll(() => {
    if (!nock.isActive()) nock.activate()
  })
  afterAll(() => {
    nock.cleanAll()
    nock.restore()
  })
}
