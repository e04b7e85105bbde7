import { basename } from 'node:path'
import type { IniFile } from './files.ts'
import { type CommandLineFlags, flagOverrides, type Override, readEnvironment } from './overrides.ts'

/** Sources of values; a later one overrides those before it. */
export interface SettingSources {
  readonly files: readonly IniFile[]
  readonly flags: CommandLineFlags
  readonly env: Readonly<Record<string, string | undefined>>
  readonly fixed: readonly Override[]
  readonly shown: readonly Override[]
}

/** Returns where a value that holds comes from: "command line", "environment", a file's name, "this run" or "default". */
export function settingSource(
  { files, flags, env, fixed, shown }: SettingSources,
  section: string,
  key: string,
  value: string | undefined,
): string {
  if (value === undefined) return 'default'
  const gives = (override: Override) =>
    override.section === section && override.key === key && override.value === value
  if (fixed.some(gives)) return 'this run'
  if (flagOverrides(flags).some(gives)) return 'command line'
  if (readEnvironment(env).overrides.some(gives)) return 'environment'
  const file = files.findLast(({ values }) => values.get(section)?.get(key) === value)
  if (file !== undefined) return basename(file.path)
  return shown.some(gives) ? 'default' : 'this run'
}
