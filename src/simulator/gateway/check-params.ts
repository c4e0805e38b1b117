// Required parameters and bounds, as the gateway checks them before the product sees a call. The tables come from the vendor's metadata.
import { ECS_PARAMETERS, SLB_PARAMETERS } from '../tables/parameters.ts'
import { invalid } from './api-error.ts'
import { missing, type Params } from './params.ts'

type Parameter = {
  readonly name: string
  readonly required: boolean
  readonly kind: 'text' | 'int' | 'bool' | 'list'
  readonly min: number
  readonly max: number
}

const WORD = /^(\w+)(\*)?(?::(int|bool|list)(?:\[(-?\d*)\.\.(-?\d*)\])?)?$/

function parseWord(word: string): Parameter {
  const match = WORD.exec(word)
  if (match === null) throw new Error(`unreadable parameter table entry ${word}`)
  const [, name = '', star, kind = 'text', min, max] = match
  return {
    name,
    required: star !== undefined,
    kind: kind as Parameter['kind'],
    min: min ? Number(min) : Number.NEGATIVE_INFINITY,
    max: max ? Number(max) : Number.POSITIVE_INFINITY,
  }
}

const parse = (table: Readonly<Record<string, string>>): ReadonlyMap<string, readonly Parameter[]> =>
  new Map(Object.entries(table).map(([action, words]) => [action, words.split(' ').map(parseWord)]))

const PARAMETERS = { slb: parse(SLB_PARAMETERS), ecs: parse(ECS_PARAMETERS) }

export type Product = keyof typeof PARAMETERS

/** Throws MissingParameter or InvalidParameter for the first parameter that breaks its metadata. */
export function checkParams(product: Product, action: string, params: Params): void {
  for (const parameter of PARAMETERS[product].get(action) ?? []) {
    if (parameter.kind === 'list') checkList(parameter, params)
    else checkScalar(parameter, params.get(parameter.name))
  }
}

function checkScalar({ name, required, kind, min, max }: Parameter, value: string | undefined): void {
  if (value === undefined || value === '') {
    if (required) throw missing(name)
    return
  }
  if (kind === 'bool' && !/^(true|false)$/i.test(value)) throw notValid(name)
  if (kind !== 'int') return
  const number = Number(value)
  if (!/^-?\d+$/.test(value) || number < min || number > max) throw notValid(name)
}

function checkList({ name, required, max }: Parameter, params: Params): void {
  if (required && !params.has(`${name}.1`) && !params.has(`${name}.1.Key`)) throw missing(name)
  if (max === Number.POSITIVE_INFINITY) return
  if (params.has(`${name}.${max + 1}`) || params.has(`${name}.${max + 1}.Key`)) throw notValid(name)
}

const notValid = (name: string) => invalid(`Specified parameter "${name}" is not valid.`)
