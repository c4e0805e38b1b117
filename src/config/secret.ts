// A value that must not appear in logs, errors, metrics, pages or process titles. Only `reveal` gives it out.
import { inspect } from 'node:util'

const HIDDEN = '[secret]'

export class Secret {
  readonly #value: string
  /** Where it was read from: secrets are rotated on disk. */
  readonly file: string | undefined

  constructor(value: string, file?: string) {
    this.#value = value
    this.file = file
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}
