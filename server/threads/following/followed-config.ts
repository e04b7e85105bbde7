import type { Config, ConfigListener } from '../../config/config.ts'
import { ConfigReader } from '../../config/config-reader.ts'
import { copyOf } from '../../config/ini.ts'
import type { ConfigValues } from '../messages.ts'

/** The configuration as the store thread has it: read here, changed there. */
export class FollowedConfig extends ConfigReader implements Pick<Config, 'onChange'> {
  readonly #listeners = new Map<string, Set<ConfigListener>>()

  constructor(values: ConfigValues) {
    super()
    this.values.replace(copyOf(values))
  }

  /** Takes over what was changed, and tells of it. */
  follow(values: ConfigValues): void {
    const before = this.values.all()
    this.values.replace(copyOf(values))
    for (const [section, listeners] of this.#listeners) {
      const [old, now] = [before.get(section), values.get(section)]
      for (const key of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
        if (old?.get(key) === now?.get(key)) continue
        for (const listener of [...listeners]) listener(key, now?.get(key))
      }
    }
  }

  onChange(section: string, listener: ConfigListener): () => void {
    const listeners = this.#listeners.get(section) ?? new Set()
    this.#listeners.set(section, listeners.add(listener))
    return () => listeners.delete(listener)
  }
}
