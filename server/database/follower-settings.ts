import { KeySpace } from '../storage/keys.ts'
import type { Database } from './database.ts'
import type { FollowerSetting } from './setting-names.ts'
import { STORAGE } from './storage-of.ts'

/** Reads a setting of a follower, as it is on disk; undefined where there is none. */
export function readFollowerSetting<T>(database: Database, name: FollowerSetting): T | undefined {
  const { store, keys } = database[STORAGE]
  const stored = store.getSync(keys.text(KeySpace.setting, name))
  return stored && (JSON.parse(Buffer.from(stored).toString()) as T)
}

export function writeFollowerSetting(
  database: Database,
  name: FollowerSetting,
  value: object,
): Promise<undefined> {
  return database.write({ kind: 'put_setting', name, json: Buffer.from(JSON.stringify(value)) })
}
