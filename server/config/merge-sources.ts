import type { IniFile } from './files.ts'
import { type IniValues, sectionOf } from './ini.ts'
import {
  applyOverrides,
  type CommandLineFlags,
  flagOverrides,
  type Override,
  readEnvironment,
  showListening,
} from './overrides.ts'

interface Sources {
  readonly flags?: CommandLineFlags
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly fixed?: readonly Override[]
  readonly shown?: readonly Override[]
}

/** Returns the values that hold, by section. Defaults give way to files, these to the environment, and that to the command line. */
export function mergeSources(
  files: readonly IniFile[],
  { flags = {}, env = {}, fixed = [], shown = [] }: Sources,
  listening: readonly Override[],
): IniValues {
  const values: IniValues = new Map()
  applyOverrides(values, shown)
  for (const file of files) {
    for (const [section, keys] of file.values) {
      for (const [key, value] of keys) sectionOf(values, section).set(key, value)
    }
  }
  applyOverrides(values, readEnvironment(env).overrides)
  applyOverrides(values, flagOverrides(flags))
  applyOverrides(values, fixed)
  showListening(values, listening)
  return values
}
