import { resolve } from 'node:path'
import { Config } from '../config/config.ts'
import type { CommandLineFlags, Override } from '../config/overrides.ts'
import { SETTINGS } from '../config/settings.ts'

/** Sources of a server's configuration besides its files. */
export interface ConfigSources {
  readonly data: string
  readonly port?: number
  readonly bind?: string
  readonly admin?: { readonly name: string; readonly password: string }
  readonly settings?: readonly Override[]
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Reads the configuration of a server from its directory, the environment and the options of its start. */
export function openConfig(options: ConfigSources): Promise<Config> {
  return Config.open({
    directory: options.data,
    flags: flagsOf(options),
    shown: shownDefaults(),
    fixed: fixedValues(options.data),
    ...environmentOf(options),
  })
}

function flagsOf({ port, bind, settings = [] }: ConfigSources): CommandLineFlags {
  return {
    settings,
    ...(port === undefined ? {} : { port }),
    ...(bind === undefined ? {} : { bindAddress: bind }),
  }
}

/** Settings that tools ask `_config` for, and find in the `default.ini` of CouchDB. */
function shownDefaults(): Override[] {
  const { port, bind_address: bind } = SETTINGS.chttpd
  return [
    { section: 'vendor', key: 'name', value: 'Couchette' },
    { section: 'chttpd', key: 'port', value: String(port.default) },
    { section: 'chttpd', key: 'bind_address', value: bind.default },
    { section: 'feature_flags', key: 'partitioned||*', value: 'true' },
    { section: 'log', key: 'writer', value: SETTINGS.log.writer.default },
    { section: 'log', key: 'level', value: SETTINGS.log.level.default },
  ]
}

function fixedValues(data: string): Override[] {
  return ['database_dir', 'view_index_dir'].map(key => ({ section: 'couchdb', key, value: resolve(data) }))
}

function environmentOf({ admin, env = {} }: ConfigSources): { env: Record<string, string | undefined> } {
  return {
    env:
      admin === undefined
        ? { ...env }
        : { ...env, COUCHDB_USER: admin.name, COUCHDB_PASSWORD: admin.password },
  }
}
