// A run that is about to be killed: starts one engine, says where it stands, and waits.
import { startEngine } from '../support/engine.ts'

const engine = await startEngine()
process.stdout.write(`${engine.folder} ${engine.pid()}\n`)
setTimeout(() => {}, 600_000)
