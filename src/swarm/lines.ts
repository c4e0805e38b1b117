// Cuts a byte stream into lines: chunks end anywhere, in the middle of a character too.
import { StringDecoder } from 'node:string_decoder'

/** No event comes near this; what does is no event stream. */
const MAX_LINE = 1_000_000

/** Lines without their end, empty ones left out. What comes after the last newline is incomplete and dropped. */
export async function* readLines(chunks: AsyncIterable<Buffer>, maxLine = MAX_LINE): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of chunks) {
    const parts = `${rest}${decoder.write(chunk)}`.split('\n')
    rest = parts.pop() ?? ''
    if (rest.length > maxLine) throw new Error(`a line of more than ${maxLine} characters`)
    for (const line of parts) if (line.trim() !== '') yield line
  }
}
