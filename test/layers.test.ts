// The layers of the source tree: who may import whom. The core knows only itself, the two client libraries have one importer each,
// and simulator and daemon share nothing: a simulator that shares code shares bugs.
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

type Source = { readonly file: string; readonly text: string }
/** `to` is a path below src for our own files, else the module as written. */
type Import = { readonly file: string; readonly to: string }
type Rule = { readonly name: string; readonly from: RegExp; readonly forbidden: RegExp }

const COMPUTED = '(computed)'
const PATTERNS: readonly RegExp[] = [
  /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(?<to>[^'"]+)\1/g,
  /\bimport\s*(['"])(?<to>[^'"]+)\1/g,
  /\b(?:import|require)\s*\(\s*(['"`])(?<to>(?:(?!\$\{)[^'"`])+)\1/g,
]
/** An import() whose module is only known at run time cannot be checked. */
const UNREADABLE = /\b(?:import|require)\s*\(\s*(?:[^\s'"`)]|`[^`]*\$\{)/g

const RULES: readonly Rule[] = [
  { name: 'the core imports only the core', from: /^core\//, forbidden: /^(?!core\/)/ },
  { name: 'only swarm/client.ts imports dockerode', from: /^(?!swarm\/client\.ts$)/, forbidden: /^(dockerode|docker-modem)(\/|$)/ },
  {
    name: 'only the wire of providers/aliyun imports pop-core',
    from: /^(?!providers\/aliyun\/(rpc|wire)\.ts$)/,
    forbidden: /^(@alicloud\/pop-core|httpx)(\/|$)/,
  },
  { name: 'only providers/aliyun imports the vendor', from: /^(?!providers\/aliyun\/)/, forbidden: /^@alicloud\// },
  {
    name: 'providers know the core and themselves',
    from: /^providers\//,
    forbidden: /^(swarm|http|commands|config|main|app|loop|reconcile|board)(\/|\.ts$)/,
  },
  { name: 'swarm knows nothing of clouds', from: /^swarm\//, forbidden: /^(providers|http|commands)\// },
  { name: 'the simulator imports nothing of the daemon', from: /^simulator\//, forbidden: /^(?!simulator\/)[^:]*\.ts$/ },
  { name: 'the daemon imports nothing of the simulator', from: /^(?!simulator\/|commands\/simulate\.ts$)/, forbidden: /^simulator\// },
  { name: 'imports can be read', from: /./, forbidden: /^\(computed\)$/ },
  { name: 'sources import no tests or scripts', from: /./, forbidden: /^\.\.\/(test|scripts)\// },
]

const resolve = (file: string, to: string): string => (to.startsWith('.') ? posix.join(posix.dirname(file), to) : to)

function importsOf({ file, text }: Source): Import[] {
  const code = text.replaceAll(/^\s*\/\/.*$/gm, '')
  const found = PATTERNS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => ({ file, to: resolve(file, match.groups?.['to'] ?? COMPUTED) })),
  )
  return [...found, ...[...code.matchAll(UNREADABLE)].map(() => ({ file, to: COMPUTED }))]
}

const wrongImports = (sources: readonly Source[]): string[] =>
  sources
    .flatMap(importsOf)
    .flatMap(({ file, to }) =>
      RULES.filter((rule) => rule.from.test(file) && rule.forbidden.test(to)).map((rule) => `${file} imports ${to}: ${rule.name}`),
    )

const readSources = (): Source[] =>
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?[jt]s$/.test(file))
    .map((file) => ({ file: file.replaceAll('\\', '/'), text: readFileSync(`src/${file}`, 'utf8') }))

test('imports follow the layers', () => {
  expect(wrongImports(readSources())).toEqual([])
})

test('the imports of the real sources are seen', () => {
  const imports = readSources().flatMap(importsOf)
  expect(imports).toContainEqual({ file: 'core/labels.ts', to: 'core/exposure.ts' })
  expect(imports.length).toBeGreaterThan(30)
})

test.each(['@alicloud/pop-core', 'dockerode'])('%s has one importer', (module) => {
  const importers = readSources()
    .flatMap(importsOf)
    .filter(({ to }) => to === module)
  expect(new Set(importers.map(({ file }) => file)).size).toBe(1)
})

describe('a planted import is found', () => {
  test.each<[file: string, text: string, to: string]>([
    ['core/diff.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['core/diff.ts', "import { z } from 'zod'", 'zod'],
    ['core/diff.ts', "import type { Provider } from '../providers/provider.ts'", 'providers/provider.ts'],
    ['core/diff.ts', "import {\n  a,\n  type B,\n} from\n  'pino'", 'pino'],
    ['core/diff.ts', "export * from '../board.ts'", 'board.ts'],
    ['core/diff.ts', "import './setup.ts'\nimport '../log.ts'", 'log.ts'],
    ['core/diff.ts', "const later = async () => await import(\n  'pino',\n)", 'pino'],
    ['core/diff.ts', "type Log = typeof import('pino')", 'pino'],
    ['core/diff.ts', 'const fs = require("fs")', 'fs'],
    ['core/diff.ts', 'const any = await import(name)', COMPUTED],
    ['core/diff.ts', `const any = await import(\`./$\{name}.ts\`)`, COMPUTED],
    ['swarm/read.ts', "import Docker from 'dockerode'", 'dockerode'],
    ['swarm/read.ts', "import modem from 'docker-modem/lib/http.js'", 'docker-modem/lib/http.js'],
    ['swarm/watch.ts', "import { x } from '../providers/provider.ts'", 'providers/provider.ts'],
    ['providers/aliyun/errors.ts', "import Core from '@alicloud/pop-core'", '@alicloud/pop-core'],
    ['app.ts', "import Credential from '@alicloud/credentials'", '@alicloud/credentials'],
    ['providers/aliyun/clb/apply.ts', "import { board } from '../../../board.ts'", 'board.ts'],
    ['simulator/server.ts', "import type { Settings } from '../core/options.ts'", 'core/options.ts'],
    ['simulator/dataplane/tcp.ts', "import { log } from '../../log.ts'", 'log.ts'],
    ['app.ts', "import { serve } from './simulator/server.ts'", 'simulator/server.ts'],
    ['commands/run.ts', "const { serve } = await import('../simulator/server.ts')", 'simulator/server.ts'],
    ['app.ts', "import { port } from '../test/support/labels.ts'", '../test/support/labels.ts'],
  ])('%s: %j', (file, text, to) => {
    const wrong = wrongImports([{ file, text }])
    expect(wrong).toEqual(expect.arrayContaining([expect.stringContaining(`${file} imports ${to}: `)]))
  })
})

describe('an allowed import is left alone', () => {
  test.each<[file: string, text: string]>([
    ['core/diff.ts', "import type { Change } from './model.ts'\nexport { x } from './labels.ts'"],
    ['core/diff.ts', "// never: import x from 'pino'\nexport const from = 'pino'"],
    ['swarm/client.ts', "import Docker from 'dockerode'"],
    ['providers/aliyun/rpc.ts', "import Core from '@alicloud/pop-core'"],
    ['providers/aliyun/credentials.ts', "import Credential from '@alicloud/credentials'"],
    ['providers/aliyun/clb/provider.ts', "import type { Change } from '../../../core/model.ts'\nimport pRetry from 'p-retry'"],
    ['commands/simulate.ts', "import { serve } from '../simulator/server.ts'\nimport { log } from '../log.ts'"],
    [
      'simulator/server.ts',
      "import { createServer } from 'node:http'\nimport { x } from './dataplane/plane.ts'\nimport fastify from 'fastify'",
    ],
    ['main.ts', "const { run } = await import('./commands/run.ts')\nconst here = import.meta.url"],
  ])('%s: %j', (file, text) => {
    expect(wrongImports([{ file, text }])).toEqual([])
  })
})
