import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { metaKey } from '../../server/storage/keys.ts'
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
