// What CLB can and cannot do, as data for the core.
import type { Traits } from '../../../core/traits.ts'

/** Limits are the defaults that the vendor publishes for a new account (user guide, "Quotas"). */
export const CLB_TRAITS: Traits = {
  protocols: ['tcp', 'udp', 'http', 'https'],
  weight: { min: 0, max: 100 },
  lengths: { groupName: 80, listenerNote: 256, memberNote: 80 },
  replacements: [
    { kind: 'crosses', option: 'scheduler', set: ['sch', 'tch', 'qch'] },
    // The Set* calls of layer 4 take a port from 1 up, and an absent one leaves the old: there is no way back to "the backend's port".
    { kind: 'to', option: 'health-check-connect-port', where: 'health-check-switch', set: [0] },
    // A payload has 1-64 characters, so it cannot be taken away either.
    { kind: 'to', option: 'health-check-req', set: [''] },
    { kind: 'to', option: 'health-check-exp', set: [''] },
    // Set* has no word for "no certificate": an empty parameter is as good as an absent one.
    { kind: 'to', option: 'ca-cert-id', set: [''] },
    // A redirect is born as one: ListenerForward and ForwardPort are parameters of the Create call alone, and Set is Operation.NotAllowed.
    { kind: 'is', option: 'forward-port' },
  ],
  quotas: {
    listeners: { name: 'slb_quota_listeners_num', limit: 50, adjustable: true },
    backends: { name: 'slb_quota_backendservers_num', limit: 200, adjustable: true },
    attachments: { name: 'slb_quota_backendserver_attached_num', limit: 50, adjustable: true },
    groups: { name: 'server groups', limit: Number.POSITIVE_INFINITY, adjustable: false },
    rules: { name: 'slb_quota_rules_num', limit: 40, adjustable: false },
    extensions: { name: 'slb_quota_domain_extensions_num', limit: 3, adjustable: true },
  },
}
