import type { MemberSigner } from '../../protocol/replication-endpoint.ts'
import type { Connections } from '../../replicator/http/connections.ts'
import { readJson } from '../../replicator/http/answer.ts'
import { HttpClient, type PeerRequest } from '../../replicator/http/http-client.ts'

/** Answer of a member. */
export interface MemberAnswer {
  readonly status: number
  readonly value: Readonly<Record<string, unknown>>
}

const MAX_ANSWER = 16 * 1024 * 1024

/** Asks other members for something that is no replication, once. */
export class MemberClient {
  readonly #connections: () => Connections

  constructor(connections: () => Connections) {
    this.#connections = connections
  }

  /**
   * @param signer undefined for one who is no member yet
   * @throws PeerError where the member does not answer in time, or not as a server does
   */
  async ask(
    url: string,
    signer: MemberSigner | undefined,
    request: Pick<PeerRequest, 'method' | 'path'> & { readonly json?: unknown },
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<MemberAnswer> {
    const endpoint = { url: `${url}/`, headers: {}, ...(signer === undefined ? {} : { signer }) }
    const options = { connectionTimeoutMs: timeoutMs, retriesPerRequest: 0, httpConnections: 1 }
    const client = new HttpClient(endpoint, options, this.#connections())
    const { json, ...rest } = request
    const sent = json === undefined ? rest : { ...rest, body: JSON.stringify(json) }
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    return client.open(sent, 'all', within, async answer => {
      const value = (await readJson(answer, MAX_ANSWER)) as MemberAnswer['value']
      return { status: answer.status, value: value ?? {} }
    })
  }
}
