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

/** Inputs of each parser in the normal tests; FUZZ_RUNS sets another number, FUZZ_SEED repeats one. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 2000)
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

const CORPUS = JSON.parse(readFileSync(projectFile('fixtures/fuzz/seeds.json'), 'utf8')) as Readonly<
  Record<string, readonly string[]>
>

const bytesOf = (seed: string): Buffer =>
  seed.startsWith('hex:') ? Buffer.from(seed.slice(4), 'hex') : Buffer.from(seed)

type Change = readonly [kind: 'set' | 'cut' | 'insert' | 'double', at: number, byte: number]

const changes = fc.array(
  fc.tuple(
    fc.constantFrom('set', 'cut', 'insert', 'double'),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.integer({ min: 0, max: 255 }),
  ),
  { maxLength: 6 },
) as fc.Arbitrary<Change[]>

function changed(bytes: Buffer, [kind, place, byte]: Change): Buffer {
  const at = Math.floor(place * bytes.length)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  if (kind === 'set') return Buffer.concat([head, Buffer.of(byte), tail.subarray(1)])
  if (kind === 'insert') return Buffer.concat([head, Buffer.of(byte), tail])
  if (kind === 'cut') return Buffer.concat([head, tail.subarray(1 + (byte % 9))])
  return Buffer.concat([head, tail.subarray(0, 1 + (byte % 40)), tail])
}

/** Inputs: those of the corpus as they are, and changed ones. */
function inputs(parser: string): fc.Arbitrary<Buffer> {
  const seeds = CORPUS[parser] ?? []
  return fc
    .tuple(fc.constantFrom(...seeds.map(bytesOf)), changes)
    .map(([seed, list]) => list.reduce(changed, seed))
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

for (const [name, { parse, allowed }] of Object.entries(PARSERS)) {
  test(`no input makes the parser of ${name} fail but in order`, async t => {
    t.log(`seed ${SEED}`)
    await fc.assert(
      fc.asyncProperty(inputs(name), async bytes => {
        try {
          await parse(bytes)
        } catch (error) {
          if (!allowed(error)) throw error
        }
      }),
      { numRuns: RUNS, seed: SEED, examples: (CORPUS[name] ?? []).map(seed => [bytesOf(seed)]) },
    )
    t.pass()
  })
}
