import { KeySpace } from '../storage/keys.ts'
import type { Database } from './database.ts'
import type { InternalSetting } from './setting-names.ts'
import { STORAGE } from './storage-of.ts'

/** Reads a setting that the server keeps with a database, as it is on disk; undefined where there is none. */
export function readInternalSetting<T>(database: Database, name: InternalSetting): T | undefined {
  const { store, keys } = database[STORAGE]
  const stored = store.getSync(keys.text(KeySpace.setting, name))
  return stored && (JSON.parse(Buffer.from(stored).toString()) as T)
}

export function writeInternalSetting(
  database: Database,
  name: InternalSetting,
  value: object,
): Promise<undefined> {
  return database.write({ kind: 'put_setting', name, json: Buffer.from(JSON.stringify(value)) })
}
