import { asDatabaseName, type DatabaseName } from '../../../protocol/database-name.ts'
import { asDocId } from '../../../protocol/document-id.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import type { Config } from '../../config/config.ts'
import type { Catalog } from '../../database/catalog.ts'
import type { Database } from '../../database/database.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { ensureAuthDesign } from './auth-design.ts'
import { ExpiringMap } from '../expiring-map.ts'
import type { UserDirectory } from '../user-directory.ts'
import { userOfAdmin, userOfDocument, type UserRecord } from '../user-record.ts'
import { PasswordUpgrade } from './password-upgrade.ts'
import { USER_PREFIX } from './user-document.ts'

/** The name of the database that says who may log in. */
export function usersDatabase(config: Config): DatabaseName {
  return asDatabaseName(config.text('chttpd_auth', 'authentication_db') || '_users')
}

const MAX_CACHED = 10_000
const LIFETIME_MS = 600_000
/** Longer names are looked up each time, so that made-up ones do not fill memory. */
const MAX_CACHED_NAME = 256

const NOTHING_READ = { seq: -1, user: undefined }

interface Cached {
  /** The sequence of the users database at which this was read: any change makes it stale. */
  readonly seq: number
  readonly admin: string | undefined
  readonly user: UserRecord | undefined
  readonly hasDocument: boolean
  /** Of the users database that this was read from. */
  readonly instance: string | undefined
}

/** Looks users up among the administrators of the configuration and in the users database. */
export class StoredUsers implements UserDirectory {
  readonly #config: Config
  readonly #catalog: Catalog
  readonly #metrics: Metrics
  readonly #unlisten: (() => void)[]
  #ensuring: Promise<void> = Promise.resolve()
  readonly #cache = new ExpiringMap<string, Cached>(() => ({ entries: MAX_CACHED, lifetimeMs: LIFETIME_MS }))
  readonly #upgrade: PasswordUpgrade
  #database: Database | undefined

  constructor(config: Config, catalog: Catalog, metrics: Metrics) {
    this.#config = config
    this.#catalog = catalog
    this.#metrics = metrics
    this.#upgrade = new PasswordUpgrade(config)
    const chosen = (key: string): void => {
      if (key === 'authentication_db') this.ensureDesign()
    }
    this.#unlisten = [
      config.onChange('chttpd_auth', chosen),
      catalog.listen((event, name) => {
        if (event === 'created' && name === usersDatabase(config)) this.ensureDesign()
      }),
    ]
    this.ensureDesign()
  }

  find(name: string): UserRecord | undefined | Promise<UserRecord | undefined> {
    const cached = this.#fresh(name)
    if (cached !== undefined) return cached.user
    this.#count(name, this.#isKnown(name))
    return this.#read(name)
  }

  isCurrent(user: UserRecord): boolean {
    return this.#fresh(user.name)?.user === user
  }

  loggedIn(user: UserRecord, password: string): void {
    if (this.#database !== undefined) this.#upgrade.consider(this.#database, user, password)
  }

  /** Waits for hashes that are being made again. Idempotent. */
  async close(): Promise<void> {
    for (const unlisten of this.#unlisten) unlisten()
    await this.#ensuring
    await this.#upgrade.close()
  }

  /** Returns the cached record of a name; undefined if it was not read yet or may have changed since. */
  #fresh(name: string): Cached | undefined {
    const database = this.#database
    const cached = this.#cache.get(name)
    const isFresh =
      cached !== undefined &&
      database?.tail.closed === false &&
      database.name === usersDatabase(this.#config) &&
      cached.seq === database.state.seq &&
      cached.admin === this.#config.get('admins', name)
    if (!isFresh) return undefined
    this.#count(name, cached.hasDocument)
    return cached
  }

  /** Returns whether the user's document was read before, though some document has changed since. */
  #isKnown(name: string): boolean {
    const cached = this.#cache.get(name)
    return cached?.hasDocument === true && cached.instance === this.#database?.record.instance
  }

  /** Counts reads of documents: an administrator without a document is no miss (`chttpd_auth_cache`). */
  #count(name: string, hit: boolean): void {
    if (hit) this.#metrics.count('couchdb/auth_cache_hits')
    else if (this.#config.get('admins', name) === undefined) this.#metrics.count('couchdb/auth_cache_misses')
  }

  /** Puts the design document of the users database there, where it is not. */
  ensureDesign(): void {
    this.#ensuring = this.#ensuring
      .then(async () => {
        const database = await this.#open()
        if (database !== undefined) await ensureAuthDesign(database)
      })
      // A database that is dropped or closed meanwhile needs none.
      .catch(() => undefined)
  }

  async #read(name: string): Promise<UserRecord | undefined> {
    const admin = this.#config.get('admins', name)
    const read = this.#readDocument(name)
    // Whatever the users database holds, or fails to hold, an administrator of the configuration gets in.
    const { seq, user: ofDocument } = await (admin === undefined ? read : read.catch(() => NOTHING_READ))
    const user = admin === undefined ? ofDocument : userOfAdmin(name, admin, ofDocument?.roles ?? [])
    this.#cache.delete(name)
    if (name.length <= MAX_CACHED_NAME) {
      const instance = this.#database?.record.instance
      this.#cache.set(name, { seq, admin, user, hasDocument: ofDocument !== undefined, instance })
    }
    return user
  }

  /** @throws `unauthorized` while the document is in conflict */
  async #readDocument(name: string): Promise<{ seq: number; user: UserRecord | undefined }> {
    const database = await this.#open()
    if (database === undefined) return NOTHING_READ
    const { seq } = database.state
    const allowsConflicts = this.#config.boolean('chttpd_auth', 'allow_conflicted_user_docs')
    return { seq, user: readUser(database, name, allowsConflicts) }
  }

  async #open(): Promise<Database | undefined> {
    const name = usersDatabase(this.#config)
    if (this.#database?.tail.closed === false && this.#database.name === name) return this.#database
    try {
      this.#database = await this.#catalog.open(name)
    } catch (error) {
      if (!(error instanceof CouchError && error.status === 404)) throw error
      this.#database = undefined
    }
    return this.#database
  }
}

function readUser(database: Database, name: string, allowsConflicts: boolean): UserRecord | undefined {
  const document = database.document(asDocId(USER_PREFIX + name))
  if (document === undefined || document.deleted) return undefined
  if (document.branched && !allowsConflicts && isInConflict(document.tree)) {
    const reason =
      'User document conflicts must be resolved before the document is used for authentication purposes.'
    throw fail('unauthorized', reason)
  }
  const { body } = database.body(document.body)
  return userOfDocument(
    name,
    document.rev,
    JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>,
  )
}

function isInConflict(tree: RevTree): boolean {
  return leaves(tree).filter(leaf => !leaf.deleted).length > 1
}
