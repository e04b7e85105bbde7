/** A file of a backup, kept under its digest. */
export interface BackedUpFile {
  /** Below the data directory, with slashes. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** In hex. */
  readonly sha256: string
  /** Fingerprint by the server: files of one path and mark have the same content. */
  readonly mark: string
}

/**
 * A backup in a backup directory: `backups/<time>.json`. The content of its files is in `files/<two digits>/<digest>`, shared
 * by all backups of the directory.
 */
export interface Backup {
  readonly format: 1
  /** RFC 3339: the moment that it shows. */
  readonly created: string
  /** The server's. */
  readonly uuid: string
  readonly files: readonly BackedUpFile[]
}

export const BACKUPS = 'backups'

/** The name of the file that describes a backup: its time without colons, which some file systems do not take. */
export function backupFileName({ created }: Pick<Backup, 'created'>): string {
  return `${created.replaceAll(':', '')}.json`
}

/** Path of a file's content below the backup directory, with slashes. */
export function contentPath(sha256: string): string {
  return `files/${sha256.slice(0, 2)}/${sha256}`
}

/** Parses the description of a backup; undefined for other text, and for a format of the future. */
export function parseBackup(text: string): Backup | undefined {
  let value: Partial<Backup>
  try {
    value = (JSON.parse(text) ?? {}) as Partial<Backup>
  } catch {
    return undefined
  }
  const isBackup = value.format === 1 && typeof value.created === 'string' && Array.isArray(value.files)
  return isBackup && value.files?.every(isBackedUpFile) === true ? (value as Backup) : undefined
}

/** A backup, and the file that describes it. */
export interface NamedBackup extends Backup {
  readonly name: string
}

/**
 * Reads the descriptions of backups, the oldest first.
 *
 * @param names of the files below `backups/`; others than descriptions are passed over
 * @param read gives the text of one
 * @throws {Error} of `refusal`, for a file that describes no backup
 */
export async function readDescriptions(
  names: readonly string[],
  read: (name: string) => Promise<string>,
  refusal: (name: string) => Error,
): Promise<NamedBackup[]> {
  const backups: NamedBackup[] = []
  for (const name of names.filter(one => one.endsWith('.json')).sort()) {
    const backup = parseBackup(await read(name))
    if (backup === undefined) throw refusal(name)
    backups.push({ ...backup, name })
  }
  return backups
}

/** A path that leads out of the data directory is refused. */
function isBackedUpFile(file: Partial<BackedUpFile> | null): boolean {
  const { path, size, sha256 } = file ?? {}
  return (
    typeof path === 'string' &&
    /^[\w.-]+(?:\/[\w.-]+)*$/.test(path) &&
    !path.split('/').includes('..') &&
    typeof size === 'number' &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  )
}
