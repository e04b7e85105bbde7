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

/** Where `npm run build` puts the dashboard: beside the compiled server, or in `dist/` where the source runs. */
export const DASHBOARD_DIRECTORY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/dashboard/' : '../../dashboard/', import.meta.url),
)

/**
 * The files of a directory, read when they are first asked for and then kept in memory. Only names that were there at
 * the start are served, so that no path can lead out of the directory.
 */
export class StaticFiles {
  readonly #directory: string
  readonly #names: ReadonlySet<string>
  readonly #files = new Map<string, StaticFile>()

  constructor(directory: string) {
    this.#directory = directory
    this.#names = new Set(namesIn(directory))
  }

  /** Returns a file by its path with forward slashes, "assets/index-1a2b.js"; `undefined` where there is none. */
  get(name: string): StaticFile | undefined {
    if (!this.#names.has(name)) return undefined
    let file = this.#files.get(name)
    if (file === undefined) this.#files.set(name, (file = read(join(this.#directory, name), name)))
    return file
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
  let gzipped: Promise<Buffer | undefined> | undefined
  return {
    contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
    immutable: HASHED.test(name),
    etag: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
    bytes,
    gzipped: () =>
      (gzipped ??= compress(bytes, { level: 9 }).then(packed =>
        packed.length < bytes.length ? packed : undefined,
      )),
  }
}
