import type { KeyOf, Section } from './settings.ts'
import { Values } from './values.ts'

/** Reads settings with their defaults, by kind; cheap enough for every request. */
export abstract class ConfigReader {
  protected readonly values = new Values()

  /** Returns a setting's text as it was written; undefined where the default holds. */
  get(section: string, key: string): string | undefined {
    return this.values.get(section, key)
  }

  /** The value of a setting, or its default; `Infinity` where it is "infinity". */
  integer<S extends Section>(section: S, key: KeyOf<S, 'integer'>): number {
    return this.values.integer(section, key)
  }

  boolean<S extends Section>(section: S, key: KeyOf<S, 'boolean'>): boolean {
    return this.values.boolean(section, key)
  }

  /** Empty where nothing is set and there is no default. */
  text<S extends Section>(section: S, key: KeyOf<S, 'text'>): string {
    return this.values.text(section, key)
  }

  list<S extends Section>(section: S, key: KeyOf<S, 'list'>): readonly string[] {
    return this.values.list(section, key)
  }

  /** The keys that are set in a section. */
  section(section: string): ReadonlyMap<string, string> {
    return this.values.section(section)
  }

  /** All that is set, by section. */
  all(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return this.values.all()
  }
}
