// Access control lists that people made: rows of the table of options.
import { ACLS_FORM, parseAclIds } from './id-labels.ts'
import { ALL, ON_OFF, type OptionSpec } from './option-spec.ts'

export const ACCESS_ROWS = {
  'acl-status': {
    type: 'enum',
    values: ON_OFF,
    protocols: ALL,
    default: 'off',
    help: 'access control by lists of the cloud; allow and deny make their own',
  },
  'acl-type': {
    type: 'enum',
    values: ['white', 'black'],
    protocols: ALL,
    default: undefined,
    when: ['acl-status', 'on'],
    help: 'white: only the addresses of the lists may connect; black: all others may. Needed with acl-status on',
  },
  'acl-id': {
    type: 'form',
    parse: parseAclIds,
    expected: ACLS_FORM,
    protocols: ALL,
    default: undefined,
    when: ['acl-status', 'on'],
    help: 'the lists; needed with acl-status on. A list without entries lets everybody in',
  },
} as const satisfies Record<string, OptionSpec>
