// What the fuzzed parts of the core are given besides the input.
import { newServicesMemory } from '../../src/core/claims.ts'

export { LABEL_RULES, OWNER, PLACES, port, service } from '../support/build.ts'
export const newMemory = () => newServicesMemory(0)
