import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Config } from '../config/config.ts'
import { type Listener, listenPlain } from '../http/connection/listener.ts'
import { NODE_NAME } from '../node/node-name.ts'

const PATHS = [`/_node/_local/_prometheus`, `/_node/${NODE_NAME}/_prometheus`]

/**
 * Serves metrics on the port of `[prometheus]`, without authentication; undefined where `additional_port` is not set.
 *
 * @param text the metrics as they are now
 * @throws {StartError} where it cannot listen
 */
export async function listenForPrometheus(
  config: Config,
  text: () => Promise<string>,
): Promise<Listener | undefined> {
  if (!config.boolean('prometheus', 'additional_port')) return undefined
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    const [path = ''] = (req.url ?? '').split('?')
    const found = PATHS.includes(decodePath(path))
    const allowed = req.method === 'GET' || req.method === 'HEAD'
    res.statusCode = !found ? 404 : allowed ? 200 : 405
    res.setHeader('Content-Type', found && allowed ? 'text/plain; version=2.0' : 'application/json')
    if (found && !allowed) res.setHeader('Allow', 'GET,HEAD')
    if (!found || !allowed) return void res.end(found ? NOT_ALLOWED : NOT_FOUND)
    text().then(
      metrics => res.end(metrics),
      (error: Error) => res.destroy(error),
    )
  }
  const host = config.text('prometheus', 'bind_address')
  return listenPlain(config, answer, {
    host,
    port: config.integer('prometheus', 'port'),
  })
}

const NOT_FOUND = '{"error":"not_found","reason":"missing"}\n'
const NOT_ALLOWED = '{"error":"method_not_allowed","reason":"Only GET,HEAD allowed"}\n'

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
