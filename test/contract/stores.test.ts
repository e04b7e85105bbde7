import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parseMasterKey } from '../../server/storage/encryption/master-key.ts'
import { Encryption } from '../../server/storage/encryption/encryption.ts'
import { SealedStore } from '../../server/storage/encryption/sealed-store.ts'
import { DatabaseKeys, metaKey, KeySpace } from '../../server/storage/keys.ts'
import { openMemoryStore, openStore, StoreUnavailableError } from '../../server/storage/store.ts'
import { storeContract } from './store-contract.ts'

const newDirectory = () => mkdtemp(join(tmpdir(), 'couchette-store-'))

storeContract(test, {
  name: 'LevelDB',
  open: async () => {
    const directory = await newDirectory()
    return {
      store: await openStore(directory),
      reopen: () => openStore(directory),
      remove: () => rm(directory, { recursive: true }),
    }
  },
})

storeContract(test, {
  name: 'memory',
  open: async () => ({ store: await openMemoryStore(), remove: async () => {} }),
})

const KEYS = { current: parseMasterKey('ab'.repeat(32))! }
const database = new DatabaseKeys(7)

for (const [what, prefix] of [
  ['encrypted values', database.bytes(KeySpace.body, new Uint8Array(0))],
  ['values that are not encrypted', database.bytes(KeySpace.change, new Uint8Array(0))],
] as const) {
  storeContract(test, {
    name: `encrypted LevelDB, ${what}`,
    prefix,
    open: async () => {
      const directory = await newDirectory()
      return {
        store: await openStore(directory, { keys: KEYS }),
        reopen: () => openStore(directory, { keys: KEYS }),
        remove: () => rm(directory, { recursive: true }),
      }
    },
  })

  storeContract(test, {
    name: `encrypted memory, ${what}`,
    prefix,
    open: async () => ({
      store: new SealedStore(await openMemoryStore(), new Encryption(Buffer.alloc(32, 3))),
      remove: async () => {},
    }),
  })
}

test('a directory that is in use is refused with what to do', async t => {
  const directory = await newDirectory()
  const store = await openStore(directory)
  const error = await t.throwsAsync(openStore(directory), { instanceOf: StoreUnavailableError })
  t.regex(error.message, /in use by another process: stop it, or choose another directory with --data/)
  await store.close()
  await rm(directory, { recursive: true })
})

test('a directory of a newer format is refused with what to do, and left as it is', async t => {
  const directory = await newDirectory()
  const store = await openStore(directory)
  await store.put(metaKey('format'), Buffer.from('999'))
  await store.close()
  for (let attempt = 0; attempt < 2; attempt++) {
    const error = await t.throwsAsync(openStore(directory), { instanceOf: StoreUnavailableError })
    t.regex(error.message, /has format 999, this Couchette reads format \d+: start the version that wrote it/)
  }
  await rm(directory, { recursive: true })
})
