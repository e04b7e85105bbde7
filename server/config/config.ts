import { randomBytes } from 'node:crypto'
import { type HashSettings, PasswordHasher } from '../passwords/hasher.ts'
import { ADMINS, adminToWrite, hashAdminValue, hashSettings, USER_WITHOUT_PASSWORD } from './admins.ts'
import {
  type ChangedBy,
  type ConfigListener,
  ConfigListeners,
  type SettingChange,
} from './config-listeners.ts'
import { type Finding, readChecked, warnings } from './findings.ts'
import { ifUnconfirmed, type IniFile, ownFile, type UnconfirmedWriteError, writeIniValue } from './files.ts'
import { copyOf, type IniValues, sectionOf } from './ini.ts'
import { type NamedAdmin, type Override, readEnvironment, showListening } from './overrides.ts'
import type { ChangeOptions, ConfigOptions } from './config-options.ts'
import { ConfigReader } from './config-reader.ts'
import { listeningSettings } from './listening-settings.ts'
import { settingSource } from './setting-source.ts'
import { mergeSources } from './merge-sources.ts'
import { checkEntry } from './valid-entry.ts'

export type { ConfigListener, SettingChange } from './config-listeners.ts'
export type { ChangeOptions, ConfigOptions } from './config-options.ts'

/** Other threads that hold the configuration. */
export interface ConfigFollower {
  /** Called after each change. */
  changed(): void
  /** Resolves when the change holds there, too; undefined where it does. */
  whenFollowed(): Promise<void> | undefined
}

/**
 * The configuration of a server: CouchDB's sections and keys from the ini files of its directory, the environment and
 * the command line, changed while it runs and kept. Values are text, as `_config` shows them; `integer`, `boolean`,
 * `text` and `list` read them with their defaults, cheaply enough for every request.
 */
export class Config extends ConfigReader {
  readonly hasher: PasswordHasher
  readonly #options: ConfigOptions
  readonly #listeners = new ConfigListeners()
  #files: readonly IniFile[] = []
  #change: Promise<unknown> = Promise.resolve()
  #createdAdmin: NamedAdmin | undefined
  readonly #warnings: string[] = []
  #findings: readonly Finding[] = []
  #listening: readonly Override[] = []
  #follower: ConfigFollower | undefined

  private constructor(options: ConfigOptions) {
    super()
    this.#options = options
    this.hasher =
      options.hasher ??
      new PasswordHasher(() => ({
        waiting: this.values.integer('couchette', 'max_password_checks'),
        waitingPerOwner: this.values.integer('couchette', 'max_password_checks_per_client'),
      }))
  }

  /**
   * Reads the configuration and makes what a first start lacks: the server's uuid, the secret of cookies, an
   * administrator. Plain passwords of `[admins]` are hashed where they stand.
   *
   * @throws {ConfigError} for malformed lines, and for values that are not valid
   */
  static async open(options: ConfigOptions = {}): Promise<Config> {
    const config = new Config(options)
    config.values.replace(await config.#load())
    await config.#hashAdmins()
    await config.#makeOnce('couchdb', 'uuid')
    await config.#makeOnce('chttpd_auth', 'secret')
    await config.#makeAdmin()
    return config
  }

  /** The administrator that was made because there was none; its password is nowhere else: to be shown once. */
  get createdAdmin(): NamedAdmin | undefined {
    return this.#createdAdmin
  }

  /** Findings about the configuration that an operator should know, a sentence each. */
  get warnings(): readonly string[] {
    return [...this.#warnings, ...warnings(this.#findings)]
  }

  /** Settings in files and flags that are malformed, unknown or without effect (rule P10). */
  get findings(): readonly Finding[] {
    return this.#findings
  }

  /** Returns where the value of a setting comes from: "default", a file's name, "environment", "command line", "this run". */
  sourceOf(section: string, key: string): string {
    const { flags = {}, env = {}, fixed = [], shown = [] } = this.#options
    return settingSource(
      { files: this.#files, flags, env, fixed, shown },
      section,
      key,
      this.get(section, key),
    )
  }

  /** Settings by which new passwords are hashed. */
  get hashSettings(): HashSettings {
    return hashSettings(this.values)
  }

  /**
   * Sets a value; a plain password of `[admins]` is hashed first. Resolves, when it is on disk, with what was set
   * before.
   *
   * @throws `bad_request` for a value that the setting does not take
   * @throws {UnconfirmedWriteError} where the value holds, and the disk did not confirm it
   */
  set(
    section: string,
    key: string,
    value: string,
    { persist = true, by }: ChangeOptions = {},
  ): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const kept = await this.prepare(section, key, value)
      const unconfirmed = persist ? await this.#write(section, key, kept).catch(ifUnconfirmed) : undefined
      const before = this.#put(section, key, kept, by)
      if (unconfirmed) throw unconfirmed
      return before
    })
  }

  /** Returns a value as it is kept: a plain password of `[admins]` hashed. @throws `bad_request` as {@link set} does */
  async prepare(section: string, key: string, value: string): Promise<string> {
    checkEntry(section, key, value)
    return section === ADMINS ? hashAdminValue(value, this.values, this.hasher) : value
  }

  /**
   * Takes a value back to its default. Resolves, when that is on disk, with what was set before.
   *
   * @throws {UnconfirmedWriteError} as {@link set} does
   */
  delete(
    section: string,
    key: string,
    { persist = true, by }: ChangeOptions = {},
  ): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const unconfirmed = persist ? await this.#erase(section, key).catch(ifUnconfirmed) : undefined
      const before = this.#put(section, key, undefined, by)
      if (unconfirmed) throw unconfirmed
      return before
    })
  }

  /** Reads the files and takes nothing. @throws {ConfigError} where the next start would be refused */
  async check(): Promise<void> {
    await readChecked(this.#options)
  }

  /** Reads the files again; values that were set for this run only are gone. */
  reload(): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.values.all()
      this.values.replace(await this.#load())
      await this.#hashAdmins()
      this.#listeners.notifyDifferences(before, this.values.all())
    })
  }

  /**
   * Shows where the server listens: as the port, where any free one was asked for, and in `[httpd]`, where older tools
   * look for it.
   */
  tellListening({ bind, port }: { readonly bind: string; readonly port: number }): void {
    this.#listening = listeningSettings(bind, port)
    const values = copyOf(this.values.all())
    showListening(values, this.#listening)
    this.values.replace(values)
  }

  /** Calls a listener after each change of a value in a section. @returns a function that removes the listener */
  onChange(section: string, listener: ConfigListener): () => void {
    return this.#listeners.addForSection(section, listener)
  }

  /** Has other threads follow: changes are done when they hold there. */
  followedBy(follower: ConfigFollower): void {
    this.#follower = follower
  }

  /** Calls a listener after each change of any setting. @returns a function that removes the listener */
  onAnyChange(listener: (change: SettingChange) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Waits for changes that are being written. Idempotent. */
  async close(): Promise<void> {
    this.#listeners.clear()
    await this.#change
  }

  async #load(): Promise<IniValues> {
    const { files, findings } = await readChecked(this.#options)
    this.#files = files
    this.#findings = findings
    return mergeSources(files, this.#options, this.#listening)
  }

  async #makeOnce(section: string, key: string): Promise<void> {
    if (this.values.effective(section, key) !== undefined) return
    const value = randomBytes(16).toString('hex')
    await this.#write(section, key, value)
    this.values.put(section, key, value)
  }

  async #makeAdmin(): Promise<void> {
    const env = this.#options.env ?? {}
    const named = readEnvironment(env).admin
    if (named === undefined && env.COUCHDB_USER) this.#warnings.push(USER_WITHOUT_PASSWORD)
    const admin = await adminToWrite(this.values, named, this.hasher)
    if (admin === undefined) return
    const before = await this.set(ADMINS, admin.name, admin.password)
    if (before !== undefined)
      this.#warnings.push(`The administrator "${admin.name}" was given a new password.`)
    if (named === undefined) this.#createdAdmin = admin
  }

  /** A file that cannot be written (mounted read-only) is overruled by our own. */
  async #hashAdmins(): Promise<void> {
    for (const [name, value] of this.values.section(ADMINS)) {
      const kept = await hashAdminValue(value, this.values, this.hasher)
      if (kept === value) continue
      for (const file of this.#filesWith(ADMINS, name)) {
        await writeIniValue(file.path, ADMINS, name, kept).catch(() => this.#write(ADMINS, name, kept))
      }
      this.values.put(ADMINS, name, kept)
    }
  }

  #filesWith(section: string, key: string): IniFile[] {
    return this.#files.filter(file => file.values.get(section)?.has(key))
  }

  async #write(section: string, key: string, value: string): Promise<void> {
    if (this.#options.directory === undefined) return
    const path = ownFile(this.#options.directory)
    const unconfirmed = await writeIniValue(path, section, key, value).catch(ifUnconfirmed)
    const own = this.#files.find(file => file.path === path)
    if (own !== undefined) sectionOf(own.values, section).set(key, value)
    if (unconfirmed) throw unconfirmed
  }

  async #erase(section: string, key: string): Promise<void> {
    let unconfirmed: UnconfirmedWriteError | undefined
    for (const file of this.#filesWith(section, key)) {
      const write = writeIniValue(file.path, section, key, undefined)
      unconfirmed = (await write.then(() => undefined, ifUnconfirmed)) ?? unconfirmed
      file.values.get(section)?.delete(key)
    }
    if (unconfirmed) throw unconfirmed
  }

  #put(section: string, key: string, value: string | undefined, by: ChangedBy): string | undefined {
    const before = this.get(section, key)
    this.values.put(section, key, value)
    this.#listeners.notify({ section, key, before, value, by })
    return before
  }

  /** Changes follow one another, so that the file never misses one. Those that fail may hold all the same. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#change.then(change).finally(async () => {
      this.#follower?.changed()
      await this.#follower?.whenFollowed()
    })
    this.#change = done.catch(() => undefined)
    return done
  }
}
