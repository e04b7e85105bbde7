/** A start that cannot succeed until somebody changes something; the message is a sentence that says what. */
export class StartError extends Error {}

/** Sentences for errors of `listen`, by their code. */
const LISTEN: Readonly<Record<string, (address: string, host: string) => string>> = {
  EADDRINUSE: address =>
    `The address ${address} is in use by another program: stop it, or choose another port with --port.`,
  EACCES: address =>
    `This user may not listen on ${address}: choose a port above 1023 with --port, or grant the right to it.`,
  EADDRNOTAVAIL: (_address, host) =>
    `This machine has no address ${host}: choose one of its own with --bind, or 0.0.0.0 for all.`,
  ENOTFOUND: (_address, host) => `The name ${host} has no address: choose another one with --bind.`,
  EAI_AGAIN: (_address, host) => `The name ${host} cannot be looked up now: choose an address with --bind.`,
}

/** Returns a StartError for a failure to listen, or the error itself where it is no such failure. */
export function listenError(error: Error, host: string, port: number): Error {
  const sentence = LISTEN[codeOf(error) ?? '']
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return sentence === undefined ? error : new StartError(sentence(address, host), { cause: error })
}

/** Sentences for errors of the file system, by their code. */
const FILES: Readonly<Record<string, string>> = {
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
}

/** Returns a StartError for a failure of the file system, or the error itself where it is no such failure. */
export function fileError(error: unknown, what: string, path: string): unknown {
  const reason = FILES[codeOf(error) ?? '']
  return reason === undefined
    ? error
    : new StartError(`${what} ${path} cannot be used: ${reason}.`, { cause: error })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
