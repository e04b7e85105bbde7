/**
 * Thrown where a thread meets something of a request that only the store thread knows: the whole request is answered
 * there. Nothing of the answer has been sent, and nothing of the request's body been read.
 */
export class AnsweredElsewhere extends Error {
  constructor(what: string) {
    super(`${what} is known to the store thread alone`)
  }
}
