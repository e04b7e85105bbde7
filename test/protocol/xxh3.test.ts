import test from 'ava'
import { readFileSync } from 'node:fs'
import { projectFile } from '../../harness/project.ts'
import { xxh3 } from '../../protocol/xxh3.ts'

/** Length and hash of texts of which byte i is (7i + i div 251) mod 256, by the reference library, version 0.8.1. */
const vectors = JSON.parse(readFileSync(projectFile('test/protocol/xxh3-vectors.json'), 'utf8')) as [
  number,
  string,
][]

test('hashes are those of the reference library, for texts of every kind of length', t => {
  for (const [length, hash] of vectors) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + Math.floor(i / 251)) % 256)
    t.is(xxh3(bytes).toString(16).padStart(32, '0'), hash, `${length} bytes`)
  }
})
