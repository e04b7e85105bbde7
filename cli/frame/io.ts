import type { Readable, Writable } from 'node:stream'

/** Everything a command has of its process; tests hand over their own. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined }
  readonly stderr: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C, by SIGTERM, and when nobody reads standard output any more. */
  readonly signal: AbortSignal
}

/** Returns whether text for the stream may have colours: on a terminal, unless `NO_COLOR` is set. */
export function hasColours(stream: Io['stdout'], env: Io['env']): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
}

/** Writes text and resolves when the stream takes more. */
export async function write(
  stream: Writable,
  text: string | Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  if (stream.write(text)) return
  await new Promise<void>(resolve => {
    const done = () => {
      stream.off('drain', done).off('close', done).off('error', done)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    stream.on('drain', done).on('close', done).on('error', done)
    signal?.addEventListener('abort', done)
  })
}
