import { errorCode, fileErrorReason } from '../../protocol/file-errors.ts'

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
  const sentence = LISTEN[errorCode(error) ?? '']
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return sentence === undefined ? error : new StartError(sentence(address, host), { cause: error })
}

/** Returns a StartError for a failure of the file system, or the error itself where it is no such failure. */
export function fileError(error: unknown, what: string, path: string): unknown {
  const reason = fileErrorReason(error)
  return reason === undefined
    ? error
    : new StartError(`${what} ${path} cannot be used: ${reason}.`, { cause: error })
}
