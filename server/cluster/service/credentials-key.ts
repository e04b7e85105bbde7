import type { Logger } from 'pino'
import { fail } from '../../../protocol/errors.ts'
import type { SecretBox } from '../../credentials/secret-box.ts'
import type { LeaderPosition, NodeReport } from '../nodes/node-client.ts'

/** The leader's answer about keys. */
export type KeyAnswer = Pick<LeaderPosition, 'credentialsKey' | 'sharedKey'>

/**
 * The key under which credentials are sealed, which all nodes need: a node that made one at its start is given the leader's, one
 * that joins with another is refused, and a member with another says so.
 */
export class CredentialsKey {
  readonly #box: SecretBox
  readonly #secret: string
  readonly #log: Logger
  #differs = false

  /** @param secret of the cluster */
  constructor(box: SecretBox, secret: string, log: Logger) {
    this.#box = box
    this.#secret = secret
    this.#log = log
  }

  /** True where the leader has another key. */
  get differs(): boolean {
    return this.#differs
  }

  /** The node's part of its report. */
  get report(): NonNullable<NodeReport['credentialsKey']> {
    const { fingerprint, isNew } = this.#box
    return { fingerprint, isNew }
  }

  /** Answers a report as the leader. @throws `credentialsKeyDiffers` for a node that joins with another key */
  answer({ credentialsKey: reported }: NodeReport, isMember: boolean): KeyAnswer {
    const { fingerprint } = this.#box
    if (reported === undefined || reported.fingerprint === fingerprint) return { credentialsKey: fingerprint }
    if (reported.isNew) return { credentialsKey: fingerprint, sharedKey: this.#box.share(this.#secret) }
    if (!isMember) throw fail('credentialsKeyDiffers')
    return { credentialsKey: fingerprint }
  }

  /** Takes the leader's answer, and its key where it shares it. */
  async told({ credentialsKey: leaders, sharedKey }: KeyAnswer): Promise<void> {
    if (leaders === undefined) return
    if (sharedKey !== undefined && this.#box.isNew) {
      await this.#box.adopt(this.#secret, sharedKey)
      this.#log.info("the key of credentials was taken over from the cluster's leader")
    }
    const differs = this.#box.fingerprint !== leaders
    if (differs && !this.#differs)
      this.#log.error(
        "the key of credentials is another than the leader's: jobs on this node cannot use credentials. Stop it, copy credentials.key from the leader, and start it",
      )
    this.#differs = differs
  }
}
