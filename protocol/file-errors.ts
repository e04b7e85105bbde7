/** Ends of sentences about files that cannot be used, by the code of the error. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user has no right to it',
  EPERM: 'this user has no right to it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a part of the path is no directory',
  EEXIST: 'there is a file of that name',
  EISDIR: 'it is a directory',
  EMFILE: 'this process has too many open files',
  Z_DATA_ERROR: 'its gzip data is broken',
  Z_BUF_ERROR: 'its gzip data is cut short',
}

/** Returns why a file cannot be used, in words; undefined for an error of another kind. */
export function fileErrorReason(error: unknown): string | undefined {
  const code = errorCode(error)
  return code === undefined ? undefined : REASONS[code]
}

/** Returns the code of an error of Node.js: "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
