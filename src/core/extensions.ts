// Further certificates of an https listener, each for one domain: what the option says against what is there.
import { extensionsIn } from './certificate-file.ts'
import type { ActualListener, Change, ListenerKey } from './model.ts'
import type { Settings } from './options.ts'
import { settingOf } from './web-options.ts'

type Wanted = { readonly domain: string; readonly certificate: string }

/** Undefined: not ours to manage. */
const wantedBy = (settings: Settings): readonly Wanted[] | undefined => {
  const value = settingOf(settings, 'domain-extensions')
  return value === undefined ? undefined : extensionsIn(String(value))
}

/** Behind a listener that is made anew: it has none. */
export const createExtensions = (key: ListenerKey, settings: Settings): readonly Change[] =>
  (wantedBy(settings) ?? []).map(({ domain, certificate }) => ({ kind: 'createExtension', key, domain, certificate }))

/** New and changed ones first, so that no name is without a certificate that it had. */
export function diffExtensions({ key, extensions }: ActualListener, settings: Settings): readonly Change[] {
  const wanted = wantedBy(settings)
  if (wanted === undefined) return []
  const opened = wanted.flatMap(({ domain, certificate }): Change[] => {
    const extension = extensions.find((one) => one.domain === domain)
    if (extension === undefined) return [{ kind: 'createExtension', key, domain, certificate }]
    return extension.certificate === certificate ? [] : [{ kind: 'updateExtension', key, extension, certificate }]
  })
  const gone = extensions.filter(({ domain }) => !wanted.some((one) => one.domain === domain))
  return [...opened, ...gone.map((extension): Change => ({ kind: 'deleteExtension', key, extension }))]
}
