import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const compress = promisify(gzip)

/** A file of the built dashboard. */
export interface StaticFile {
  readonly contentType: string
  /** Its name carries a digest of its content, so that it can be cached for good. */
  readonly immutable: boolean
  readonly etag: string
  readonly bytes: Buffer
  /** Resolves with the gzipped bytes, or with `undefined` where compression gains nothing. */
  readonly gzipped: () => Promise<Buffer | undefined>
}

/** Directory to which `npm run build` bundles the dashboard: beside the compiled server, or `dist/` for the source. */
export const DASHBOARD_DIRECTORY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/utils/' : '../../utils/', import.meta.url),
)

/**
 * The files of a directory, read once: an update of the package that replaces them leaves a running server whole, and
 * only names that were there can be asked for, so that no path leads out of the directory.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>

  constructor(directory: string) {
    this.#files = new Map(namesIn(directory).map(name => [name, read(join(directory, name), name)]))
  }

  /** Returns a file by its path with forward slashes, "assets/index-1a2b.js"; `undefined` where there is none. */
  get(name: string): StaticFile | undefined {
    return this.#files.get(name)
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name).slice(directory.length).split(sep).join('/'))
      .map(name => name.replace(/^\/+/, ''))
  } catch {
    return []
  }
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
}

/** Vite writes a digest of the content into the names of what it bundles. */
const HASHED = /^assets\/.+-[\w-]{8}\.\w+$/

function read(path: string, name: string): StaticFile {
  const bytes = readFileSync(path)
  let etag: string | undefined
  let gzipped: Promise<Buffer | undefined> | undefined
  return {
    contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
    immutable: HASHED.test(name),
    get etag() {
      return (etag ??= createHash('sha256').update(bytes).digest('base64url').slice(0, 22))
    },
    bytes,
    gzipped: () =>
      (gzipped ??= compress(bytes, { level: 9 }).then(packed =>
        packed.length < bytes.length ? packed : undefined,
      )),
  }
}
