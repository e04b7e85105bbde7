/** A request as it goes over the wire, and the statuses that are right for it. */
export interface HostileRequest {
  readonly title: string
  readonly bytes: string | Buffer
  readonly expected: readonly number[]
}

export const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
export const ADMIN_HEADER = `Authorization: ${basic('admin:pass')}\r\n`

export function get(path: string, headers = ADMIN_HEADER, method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`
}

export function send(method: string, path: string, body: string | Buffer, headers = ''): Buffer {
  const bytes = Buffer.from(body)
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${ADMIN_HEADER}Content-Type: application/json\r\nContent-Length: ${bytes.length}\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}
