import { hash } from 'node:crypto'
import { describeRule, Mask, maskIdentity, type MaskRule } from '../../protocol/masks.ts'
import type { JobPeers } from '../../replicator/job-spec.ts'
import { MaskedSource } from '../../replicator/masked-source.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import { variableName } from './variable-name.ts'

/** Reads a secret that is kept under a name; undefined where there is none. */
export type SecretReader = (name: string) => Promise<string | undefined>

/** The mask of a follower's job, which counts over all of the job's runs. */
export class JobMask {
  readonly #rules: readonly MaskRule[]
  readonly #counts: number[]

  constructor(rules: readonly MaskRule[]) {
    this.#rules = rules
    this.#counts = rules.map(() => 0)
  }

  /** Rules and the revisions of which each has hidden something, for listings. */
  get counts(): readonly object[] {
    return this.#rules.map((rule, index) => ({ ...describeRule(rule), revisions: this.#counts[index] }))
  }

  /** @throws PeerError `no_credentials` where a secret is missing */
  async over({ source, target }: JobPeers, secretOf: SecretReader): Promise<JobPeers> {
    const mask = new Mask(this.#rules, await maskSecrets(this.#rules, secretOf), this.#counts)
    return { source: new MaskedSource(source, mask), target }
  }
}

/** Returns a text that is equal for equal rules; it says nothing of secrets. */
export function maskDigest(rules: readonly MaskRule[]): string {
  return hash('sha256', maskIdentity(rules), 'base64url').slice(0, 24)
}

/**
 * Reads the secrets that rules name.
 *
 * @throws PeerError `no_credentials` where one is missing
 */
export async function maskSecrets(
  rules: readonly MaskRule[],
  secretOf: SecretReader,
): Promise<(name: string) => string> {
  const secrets = new Map<string, string>()
  for (const { action } of rules)
    if (action.kind === 'hash') secrets.set(action.secret, await maskSecret(action.secret, secretOf))
  return name => secrets.get(name)!
}

/**
 * Returns a secret of the environment, `COUCHETTE_MASK_NAME`, or of the server's credentials.
 *
 * @throws PeerError `no_credentials`
 */
async function maskSecret(name: string, secretOf: SecretReader): Promise<string> {
  const variable = `COUCHETTE_MASK_${variableName(name)}`
  const secret = process.env[variable] || (await secretOf(name))
  if (secret) return secret
  const reason = `the environment of the server has no ${variable}, and there are no credentials \`${name}\` for \`mask:\``
  throw new PeerError('no_credentials', reason)
}
