import { CommandError } from '../frame/command-error.ts'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user has no right to it',
  EPERM: 'this user has no right to it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'it is a directory',
  Z_DATA_ERROR: 'its gzip data is broken',
  Z_BUF_ERROR: 'its gzip data is cut short',
}

/** Returns the sentence for a failure of a file, or the error itself where it is none. */
export function fileFailure(error: unknown, path: string): unknown {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  const reason = typeof code === 'string' ? REASONS[code] : undefined
  return reason === undefined ? error : new CommandError(`${path} cannot be used: ${reason}.`)
}
