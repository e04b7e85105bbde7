/** Called with the changed key of a section and its new value; undefined if the default holds again. */
export type ConfigListener = (key: string, value: string | undefined) => void

/** User and id of the request that changed a setting; undefined for a reload. */
export type ChangedBy = { readonly user: string | null; readonly id: string | undefined } | undefined

/** A setting that was changed while the server runs. */
export interface SettingChange {
  readonly section: string
  readonly key: string
  readonly before: string | undefined
  /** Undefined if the default holds again. */
  readonly value: string | undefined
  readonly by: ChangedBy
}

/** Listeners to changes of the configuration. */
export class ConfigListeners {
  readonly #ofSections = new Map<string, Set<ConfigListener>>()
  readonly #ofAll = new Set<(change: SettingChange) => void>()

  /** Calls a listener after each change of a value in a section. @returns a function that removes the listener */
  addForSection(section: string, listener: ConfigListener): () => void {
    const listeners = this.#ofSections.get(section) ?? new Set()
    this.#ofSections.set(section, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  /** Calls a listener after each change of any setting. @returns a function that removes the listener */
  add(listener: (change: SettingChange) => void): () => void {
    this.#ofAll.add(listener)
    return () => this.#ofAll.delete(listener)
  }

  /** Tells of a setting that was set; listeners to all settings hear of it only if the value differs. */
  notify(change: SettingChange): void {
    const { section, key, before, value } = change
    for (const listener of [...(this.#ofSections.get(section) ?? [])]) listener(key, value)
    if (before !== value) for (const listener of this.#ofAll) listener(change)
  }

  /** Tells of each setting whose value differs between two states of the configuration. */
  notifyDifferences(before: Settings, after: Settings): void {
    for (const section of new Set([...before.keys(), ...after.keys()])) {
      const [old, now] = [before.get(section), after.get(section)]
      for (const key of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
        const [was, value] = [old?.get(key), now?.get(key)]
        if (was !== value) this.notify({ section, key, before: was, value, by: undefined })
      }
    }
  }

  clear(): void {
    this.#ofSections.clear()
    this.#ofAll.clear()
  }
}

type Settings = ReadonlyMap<string, ReadonlyMap<string, string>>
