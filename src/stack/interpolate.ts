// Variables in a stack file, as `docker stack deploy` fills them in: from the environment alone, in values and not in keys.

export type Env = Readonly<Record<string, string | undefined>>
/** `unset`: variables that are nowhere and have no default; docker takes them for empty. */
export type Filled = { readonly text: string; readonly unset: readonly string[] } | { readonly problem: string }

const REFERENCE = /\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^}]*))?\}|(.?))/gs

type Reference = { readonly name: string; readonly operator: string; readonly word: string }

/** Undefined: not set and no default. */
function chosen({ name, operator, word }: Reference, env: Env): string | undefined | { readonly problem: string } {
  const set = env[name]
  const there = operator.startsWith(':') ? set !== undefined && set !== '' : set !== undefined
  if (operator.endsWith('+')) return there ? word : ''
  if (operator === '' || there) return set
  if (operator.endsWith('-')) return word
  return { problem: `variable ${name} is needed${word === '' ? '' : `: ${word}`}` }
}

export function fillIn(text: string, env: Env): Filled {
  const unset: string[] = []
  let problem: string | undefined
  const filled = text.replace(REFERENCE, (whole, dollar?: string, bare?: string, braced?: string, operator = '', word = '') => {
    const name = bare ?? braced
    if (dollar !== undefined) return '$'
    if (name === undefined) {
      problem ??= `"${whole}" is no variable: write $$ for a dollar sign`
      return ''
    }
    const value = chosen({ name, operator, word }, env)
    if (typeof value === 'object') problem ??= value.problem
    if (value === undefined) unset.push(name)
    return typeof value === 'string' ? value : ''
  })
  return problem === undefined ? { text: filled, unset } : { problem }
}
