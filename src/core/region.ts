// What a region has that load balancers share: certificates and access control lists (ACLs). Names there are not unique, so what is
// ours carries the owner's tag, whose value says what it is for; what lacks it is never touched.

export type Certificate = {
  readonly id: string
  readonly name: string
  /** SHA-1 of the certificate, lower-case hexadecimal without colons. */
  readonly fingerprint: string
  /** Epoch milliseconds; undefined where the cloud gives none. */
  readonly expiresAt: number | undefined
  /** Value of our tag: `<file>/<fingerprint>`; undefined: not ours. */
  readonly key: string | undefined
}

export type Acl = {
  readonly id: string
  readonly name: string
  /** Value of our tag: the service port it is for; undefined: not ours. */
  readonly key: string | undefined
  /** Canonical CIDRs; undefined where they were not read, because the list is not ours. */
  readonly entries: readonly string[] | undefined
  /** Listeners that use it, of whatever owner; undefined as for `entries`. */
  readonly used: number | undefined
}

/** One reading. A list that was not asked for, or that the account may not read, is undefined: nothing is decided on it. */
export type Region = {
  readonly certificates: readonly Certificate[] | undefined
  readonly caCertificates: readonly Certificate[] | undefined
  readonly acls: readonly Acl[] | undefined
}

/** The private key is never part of a change: the provider asks for it by file and fingerprint when it uploads. */
export type RegionChange =
  | {
      readonly kind: 'uploadCertificate'
      readonly name: string
      readonly key: string
      readonly file: string
      readonly fingerprint: string
    }
  | { readonly kind: 'deleteCertificate'; readonly id: string; readonly name: string }
  | { readonly kind: 'createAcl'; readonly name: string; readonly key: string; readonly entries: readonly string[] }
  | { readonly kind: 'addAclEntries'; readonly id: string; readonly name: string; readonly entries: readonly string[] }
  | { readonly kind: 'removeAclEntries'; readonly id: string; readonly name: string; readonly entries: readonly string[] }
  | { readonly kind: 'deleteAcl'; readonly id: string; readonly name: string }
