// The shapes of CLB's answers about certificates and access control lists.
import { z } from 'zod'
import { int, tag, text, wrapped } from './wire.ts'

const tags = wrapped('Tag', tag).optional()

const about = {
  Fingerprint: text,
  /** Epoch milliseconds. */
  ExpireTimeStamp: int.optional(),
  Tags: tags,
}

const serverCertificate = z.object({ ServerCertificateId: z.string().min(1), ServerCertificateName: text, ...about })
const caCertificate = z.object({ CACertificateId: z.string().min(1), CACertificateName: text, ...about })

export const serverCertificatesSchema = z.object({ ServerCertificates: wrapped('ServerCertificate', serverCertificate) })
export const caCertificatesSchema = z.object({ CACertificates: wrapped('CACertificate', caCertificate) })
export const uploadedSchema = z.object({ ServerCertificateId: z.string().min(1) })

const aclRow = z.object({ AclId: z.string().min(1), AclName: text, Tags: tags })

export const aclsSchema = z.object({ Acls: wrapped('Acl', aclRow), TotalCount: int.optional() })
export const createdAclSchema = z.object({ AclId: z.string().min(1) })

export const aclSchema = z.object({
  AclId: z.string(),
  AclEntrys: wrapped('AclEntry', z.object({ AclEntryIP: z.string().min(1) })).default([]),
  RelatedListeners: wrapped('RelatedListener', z.unknown()).default([]),
  TotalAclEntry: int.optional(),
})

export type AclRow = z.infer<typeof aclRow>
export type Tagged = { readonly Tags?: readonly { readonly TagKey: string; readonly TagValue: string }[] | undefined }
