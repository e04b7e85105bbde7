import type { Config, ConfigListener } from '../../config/config.ts'
import { copyOf } from '../../config/ini.ts'
import type { KeyOf, Section } from '../../config/settings.ts'
import { Values } from '../../config/values.ts'
import type { ConfigValues } from '../messages.ts'

/** The configuration as the store thread has it: read here, changed there. */
export class FollowedConfig implements Pick<
  Config,
  'get' | 'integer' | 'boolean' | 'text' | 'list' | 'section' | 'all' | 'onChange'
> {
  readonly #values = new Values()
  readonly #listeners = new Map<string, Set<ConfigListener>>()

  constructor(values: ConfigValues) {
    this.#values.replace(copyOf(values))
  }

  /** Takes over what was changed, and tells of it. */
  follow(values: ConfigValues): void {
    const before = this.#values.all()
    this.#values.replace(copyOf(values))
    for (const [section, listeners] of this.#listeners) {
      const [old, now] = [before.get(section), values.get(section)]
      for (const key of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
        if (old?.get(key) === now?.get(key)) continue
        for (const listener of [...listeners]) listener(key, now?.get(key))
      }
    }
  }

  get(section: string, key: string): string | undefined {
    return this.#values.get(section, key)
  }

  integer<S extends Section>(section: S, key: KeyOf<S, 'integer'>): number {
    return this.#values.integer(section, key)
  }

  boolean<S extends Section>(section: S, key: KeyOf<S, 'boolean'>): boolean {
    return this.#values.boolean(section, key)
  }

  text<S extends Section>(section: S, key: KeyOf<S, 'text'>): string {
    return this.#values.text(section, key)
  }

  list<S extends Section>(section: S, key: KeyOf<S, 'list'>): readonly string[] {
    return this.#values.list(section, key)
  }

  section(section: string): ReadonlyMap<string, string> {
    return this.#values.section(section)
  }

  all(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return this.#values.all()
  }

  onChange(section: string, listener: ConfigListener): () => void {
    const listeners = this.#listeners.get(section) ?? new Set()
    this.#listeners.set(section, listeners.add(listener))
    return () => listeners.delete(listener)
  }
}
