import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { CouchError } from '../../protocol/errors.ts'
import { canonicalize } from '../../protocol/json/canonical.ts'
import { MultipartParser } from '../../protocol/multipart/parser.ts'
import { decodeTree, encodeTree } from '../../protocol/revtree/codec.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import { compileSelector } from '../../protocol/selector/selector.ts'
import { parseSeq } from '../../protocol/sequence.ts'
import { findSessionCookie, parseSessionCookie } from '../../server/auth/sessions/session-cookie.ts'
import { userOfJwt } from '../../server/auth/tokens/jwt.ts'
import { editIni, parseIni } from '../../server/config/ini.ts'
import { readLogFile } from '../../server/storage/leveldb/log-file.ts'
import { readBatch } from '../../server/storage/leveldb/write-batch.ts'
import { byteChanges, changeBytes } from './changed-bytes.ts'
import { DISK_DECODERS } from './disk-decoders.ts'
import { runs, SEED } from './runs.ts'

const CORPUS = JSON.parse(readFileSync(projectFile('fixtures/fuzz/seeds.json'), 'utf8')) as Readonly<
  Record<string, readonly string[]>
>

const bytesOf = (seed: string): Buffer =>
  seed.startsWith('hex:') ? Buffer.from(seed.slice(4), 'hex') : Buffer.from(seed)

/** Inputs: seeds with some changes. */
function inputs(seeds: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...seeds), byteChanges())
    .map(([seed, changes]) => changeBytes(seed, changes))
}

type Parse = (bytes: Buffer) => unknown

/** Errors that a parser of what clients send may throw: those that are answered. */
const answered = (error: unknown): boolean => error instanceof CouchError && error.status < 500
/** Errors of what is read from disk: its checksum was verified before, so that nothing but an orderly end is asked. */
const orderly = (error: unknown): boolean => error instanceof Error

const JWT = { keys: new Map([['hmac:_default', 'AAAA']]), requiredClaims: 'exp' }

const PARSERS: Readonly<Record<string, { readonly parse: Parse; readonly allowed: typeof answered }>> = {
  json: {
    parse: bytes => {
      const { text } = canonicalize(bytes, { term: true })
      parseDocument(bytes, { term: true })
      // What was taken once is taken again, and stays as it is.
      if (!Buffer.from(canonicalize(text, { term: false }).text).equals(Buffer.from(text)))
        throw new Error('canonical text changes')
    },
    allowed: answered,
  },
  multipart: {
    parse: bytes => {
      const parser = new MultipartParser('b')
      for (let at = 0; at < bytes.length; at += 7) parser.push(bytes.subarray(at, at + 7))
    },
    allowed: answered,
  },
  selector: {
    parse: bytes => {
      let selector: unknown
      try {
        selector = JSON.parse(bytes.toString())
      } catch {
        return
      }
      const compiled = compileSelector(selector)
      compiled.limitSteps(10_000)
      let verdict = compiled.matches({ a: 5, b: 'x', l: [1, 4], s: 'aaaa!', c: { d: null } })
      while (typeof verdict !== 'boolean') verdict = verdict.resume()
    },
    allowed: answered,
  },
  ini: {
    parse: bytes => {
      const text = editIni(bytes.toString(), 'log', 'level', 'info')
      if (parseIni(text).get('log')?.get('level') !== 'info')
        throw new Error('the edited setting is not there')
    },
    allowed: answered,
  },
  cookie: {
    parse: bytes => {
      const cookie = findSessionCookie(bytes.toString('latin1'))
      if (cookie !== undefined) parseSessionCookie(cookie)
    },
    allowed: answered,
  },
  token: {
    parse: bytes => userOfJwt(bytes.toString('latin1'), JWT as unknown as Parameters<typeof userOfJwt>[1]),
    allowed: answered,
  },
  sequence: { parse: bytes => parseSeq(bytes.toString(), 'abcdefgh'), allowed: answered },
  tree: {
    parse: bytes => {
      const tree = decodeTree(bytes)
      leaves(tree)
      encodeTree(tree)
    },
    allowed: orderly,
  },
  log: { parse: bytes => [...readLogFile(bytes)], allowed: () => false },
  batch: { parse: bytes => readBatch(bytes, () => {}), allowed: () => false },
}

const TESTS = [
  ...Object.entries(PARSERS).map(([name, parser]) => ({
    name: `the parser of ${name}`,
    seeds: (CORPUS[name] ?? []).map(bytesOf),
    ...parser,
  })),
  ...Object.entries(DISK_DECODERS).map(([name, { seeds, decode, takesAnything }]) => ({
    name: `reading ${name}`,
    seeds: [...seeds.map(bytes => Buffer.from(bytes)), ...(CORPUS[name] ?? []).map(bytesOf)],
    parse: decode,
    allowed: takesAnything ? () => false : orderly,
  })),
]

for (const { name, seeds, parse, allowed } of TESTS) {
  test(`no input makes ${name} fail but in order`, async t => {
    await fc.assert(
      fc.asyncProperty(inputs(seeds), async bytes => {
        try {
          await parse(bytes)
        } catch (error) {
          if (!allowed(error)) throw error
        }
      }),
      { numRuns: runs(500), seed: SEED, examples: seeds.map(seed => [seed]) },
    )
    t.pass()
  })
}
