// The further certificates of an https listener (domain extensions) in the words of the model.
import { z } from 'zod'
import type { DomainExtension } from '../../../core/model.ts'
import type { Reply } from '../rpc.ts'
import { parse, text, wrapped } from './wire.ts'

const schema = z.object({
  DomainExtensions: wrapped(
    'DomainExtension',
    z.object({ DomainExtensionId: z.string().min(1), Domain: z.string(), ServerCertificateId: text }),
  ),
})

export const DESCRIBE_EXTENSIONS = 'DescribeDomainExtensions'

/** Throws CallError `Malformed`. */
export const toExtensions = (reply: Reply): readonly DomainExtension[] =>
  parse(DESCRIBE_EXTENSIONS, schema, reply).DomainExtensions.map((row) => ({
    ref: row.DomainExtensionId,
    domain: row.Domain.toLowerCase(),
    certificate: row.ServerCertificateId,
  }))
