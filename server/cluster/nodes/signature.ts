import { createHmac, timingSafeEqual } from 'node:crypto'
import { Agent, type Dispatcher } from 'undici'

/** Clocks of nodes may differ by so much. */
const MAX_AGE_MS = 300_000

/** Signs requests between the nodes of a cluster, under the secret that they share, and knows whose certificates they have. */
export class ClusterSignature {
  readonly #secret: string
  /** Authorities of the nodes' certificates, PEM; undefined for the system's. */
  readonly authorities: string | undefined
  /** Connects to nodes whose certificates are of those authorities. */
  readonly dispatcher: Dispatcher | undefined

  constructor(secret: string, authorities?: string) {
    this.#secret = secret
    this.authorities = authorities
    this.dispatcher = authorities === undefined ? undefined : new Agent({ connect: { ca: authorities } })
  }

  /** Returns the value of the header that goes with a request. */
  sign(method: string, url: string): string {
    const time = Date.now().toString(36)
    return `${time}.${this.#digest(time, method, url)}`
  }

  /** Returns whether a header was made by a node of this cluster, lately, for this request. */
  isOf(header: string, method: string, url: string): boolean {
    const [time = '', digest = ''] = header.split('.')
    if (!(Math.abs(Date.now() - Number.parseInt(time, 36)) < MAX_AGE_MS)) return false
    const [given, expected] = [Buffer.from(digest), Buffer.from(this.#digest(time, method, url))]
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  #digest(time: string, method: string, url: string): string {
    return createHmac('sha256', this.#secret).update(`${time}\n${method}\n${url}`).digest('base64url')
  }
}
