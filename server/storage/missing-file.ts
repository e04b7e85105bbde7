/** Returns whether an error says that a file or directory is not there. */
export function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Passes over a file that is not there. @throws every other error */
export function ignoreMissing(error: unknown): undefined {
  if (isMissingFile(error)) return undefined
  throw error
}
