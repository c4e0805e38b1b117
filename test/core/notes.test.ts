import { describe, expect, test } from 'vitest'
import { checkNotes, NO_NOTES, noteWritten } from '../../src/core/notes.ts'
import { balancer, member, NOTE } from '../support/build.ts'

const zero = member('i-1', { weight: 0, note: `${NOTE}/0` })
const wrote = noteWritten(NO_NOTES, { kind: 'setWeights', group: 'default', name: 'default group', members: [zero], was: [member('i-1')] })

describe('whether the cloud keeps a changed description', () => {
  test('is known after the first zero is read again with its sign', () => {
    expect(checkNotes(wrote, balancer({ members: [zero] })).kept).toBe(true)
  })
  test('is denied when the zero is there and the sign is not', () => {
    expect(checkNotes(wrote, balancer({ members: [member('i-1', { weight: 0 })] })).kept).toBe(false)
  })
  test('stays unknown when somebody raised the weight meanwhile, or nothing was written', () => {
    expect(checkNotes(wrote, balancer({ members: [member('i-1')] })).kept).toBeUndefined()
    expect(checkNotes(NO_NOTES, balancer({ members: [zero] })).kept).toBeUndefined()
  })
})
