import { type Credential, isForUrl, MASKS, withCredential } from '../../protocol/credential.ts'
import { asDatabaseName } from '../../protocol/database-name.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import type { MemberSigner, ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import { Turns } from '../../protocol/turns.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { readInternalSetting, writeInternalSetting } from '../database/internal-settings.ts'
import { CREDENTIALS_SETTING } from '../database/setting-names.ts'
import type { SecretBox } from './secret-box.ts'

/** Credentials as they are shown: nothing of the secret. */
export interface ShownCredential {
  readonly name: string
  readonly url: string
  readonly kind: 'basic' | 'token'
  /** ISO 8601. */
  readonly updated: string
  /** True where they were encrypted under another key than this server's: jobs that name them fail. */
  readonly unreadable?: true
}

interface StoredCredential extends Omit<ShownCredential, 'name' | 'unreadable'> {
  /** Encrypted: a `Credential`. */
  readonly sealed: string
}

type Stored = Readonly<Record<string, StoredCredential>>

/** Begins the names under which members of a mesh are reached: no administrator can take one, for its blank. */
export const MEMBER_CREDENTIALS = 'member '

/** The database beside whose documents credentials are kept: jobs need them. */
const JOBS = asDatabaseName('_replicator')

/** Secrets for other servers and brokers, by names that jobs refer to. Nothing gives them out again. */
export class Credentials {
  readonly #catalog: Catalog
  readonly #box: SecretBox
  /** Returns the signer for a member of the mesh that this server is in; undefined if it is no member, or at another URL. */
  signerFor: ((member: string, url: string) => Promise<MemberSigner | undefined>) | undefined
  readonly #writes = new Turns(() => ({ running: 1 }))

  constructor(catalog: Catalog, box: SecretBox) {
    this.#catalog = catalog
    this.#box = box
  }

  async list(): Promise<ShownCredential[]> {
    const stored = await this.#read()
    return Object.keys(stored)
      .sort()
      .map(name => this.#shown(name, stored[name]!))
  }

  /** Returns the names of credentials that cannot be decrypted, after a start that found no key and made one. */
  async lost(): Promise<string[]> {
    if (!this.#box.isNew) return []
    return (await this.list()).filter(({ unreadable }) => unreadable).map(({ name }) => name)
  }

  /** @throws `missing` */
  async show(name: string): Promise<ShownCredential> {
    const stored = await this.#read()
    if (!Object.hasOwn(stored, name)) throw fail('missing')
    return this.#shown(name, stored[name]!)
  }

  /** Stores or replaces credentials: jobs use them from their next start on. @returns whether they are new */
  put(name: string, credential: Credential): Promise<boolean> {
    return this.#writes.run(async () => {
      const stored = await this.#read()
      const kind = credential.token === undefined ? 'basic' : 'token'
      const sealed = this.#box.seal(name, credential)
      const entry: StoredCredential = {
        url: credential.url,
        kind,
        updated: new Date().toISOString(),
        sealed,
      }
      await this.#write({ ...stored, [name]: entry })
      return !Object.hasOwn(stored, name)
    })
  }

  /** @throws `missing` */
  remove(name: string): Promise<void> {
    return this.#writes.run(async () => {
      const stored = await this.#read()
      if (!Object.hasOwn(stored, name)) throw fail('missing')
      const { [name]: _removed, ...others } = stored
      await this.#write(others)
    })
  }

  /**
   * Returns an endpoint with the secrets that it names; one that names none as it is.
   *
   * @throws PeerError `no_credentials` where there are none of that name, or for another URL, or none that this server can
   *   decrypt
   */
  async resolve(endpoint: ReplicationEndpoint): Promise<ReplicationEndpoint> {
    const { credentials: name, ...plain } = endpoint
    if (name === undefined) return endpoint
    if (name.startsWith(MEMBER_CREDENTIALS))
      return this.#forMember(plain, name.slice(MEMBER_CREDENTIALS.length))
    const stored = await this.#read()
    const found = Object.hasOwn(stored, name) ? stored[name] : undefined
    if (found === undefined) throw refusal(`there are no credentials \`${name}\``)
    const credential = this.#open(name, found)
    if (!isForUrl(credential, endpoint.url))
      throw refusal(`credentials \`${name}\` are for ${credential.url}, not for ${publicUrl(endpoint.url)}`)
    return withCredential(plain, credential)
  }

  /**
   * Returns the secret of credentials for masks; undefined where there are none of that name.
   *
   * @throws PeerError `no_credentials` where they are for something else, or this server cannot decrypt them
   */
  async maskSecret(name: string): Promise<string | undefined> {
    const stored = await this.#read()
    if (!Object.hasOwn(stored, name)) return undefined
    const { url, token } = this.#open(name, stored[name]!)
    if (url === MASKS && token !== undefined) return token
    throw refusal(`credentials \`${name}\` are for ${url}, not for masks: \`${MASKS}\` with a token`)
  }

  async #forMember(endpoint: ReplicationEndpoint, member: string): Promise<ReplicationEndpoint> {
    const signer = await this.signerFor?.(member, endpoint.url)
    if (signer === undefined) throw refusal(`${publicUrl(endpoint.url)} is no member of this server's mesh`)
    return { ...endpoint, signer }
  }

  #open(name: string, { sealed }: StoredCredential): Credential {
    try {
      return this.#box.open<Credential>(name, sealed)
    } catch {
      throw refusal(`credentials \`${name}\` were encrypted under another key than this server's`)
    }
  }

  #shown(name: string, { url, kind, updated, sealed }: StoredCredential): ShownCredential {
    const shown = { name, url, kind, updated }
    try {
      this.#box.open(name, sealed)
      return shown
    } catch {
      return { ...shown, unreadable: true }
    }
  }

  async #read(): Promise<Stored> {
    const jobs = await this.#jobs()
    return (jobs && readInternalSetting<Stored>(jobs, CREDENTIALS_SETTING)) ?? {}
  }

  async #write(stored: Stored): Promise<void> {
    const jobs = (await this.#jobs()) ?? (await this.#catalog.create(JOBS, { partitioned: false }))
    await writeInternalSetting(jobs, CREDENTIALS_SETTING, stored)
  }

  #jobs(): Promise<Database | undefined> {
    return this.#catalog.open(JOBS).catch((error: unknown) => {
      if (error instanceof CouchError && error.status === 404) return undefined
      throw error
    })
  }
}

function refusal(reason: string): PeerError {
  return new PeerError('no_credentials', reason)
}
