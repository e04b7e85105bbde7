import type { Override } from './overrides.ts'

/** Returns the settings that show where a server listens. */
export function listeningSettings(bind: string, port: number): Override[] {
  return [
    { section: 'chttpd', key: 'port', value: String(port) },
    { section: 'httpd', key: 'port', value: String(port) },
    { section: 'httpd', key: 'bind_address', value: bind },
  ]
}
