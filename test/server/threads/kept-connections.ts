import { Agent, request } from 'node:http'
import { target } from '../../../harness/client.ts'

export interface KeptAnswer {
  readonly status: number
  readonly text: string
}

/**
 * Connections that stay open, so that requests of one go to the same thread each time; the system spreads them over the
 * threads.
 */
export class KeptConnections {
  readonly #agents: readonly Agent[]

  constructor(count: number) {
    this.#agents = Array.from({ length: count }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  }

  /** Asks the same over each connection, one after the other. */
  async each(url: string, method: string, path: string): Promise<readonly KeptAnswer[]> {
    const answers: KeptAnswer[] = []
    for (const agent of this.#agents) answers.push(await ask(agent, url, method, path))
    return answers
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy()
  }
}

function ask(agent: Agent, url: string, method: string, path: string): Promise<KeptAnswer> {
  const { origin, headers } = target(url)
  return new Promise((resolve, reject) => {
    const asked = request(origin + path, { agent, method, headers: { ...headers } }, answer => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.once('error', reject)
    })
    asked.once('error', reject)
    asked.end()
  })
}
