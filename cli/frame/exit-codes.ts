/** Exit codes of all commands, as `couchette --help` documents them. */
export const OK = 0
export const FAILED = 1
/** The command line cannot be carried out as it was typed. */
export const USAGE = 2
/** No connection: nothing listens, the name is unknown, TLS fails. */
export const UNREACHABLE = 3
/** The server answered 401 or 403. */
export const DENIED = 4
/** The database, document, job or user is not there. */
export const NOT_FOUND = 5
/** Done, but not all of it: documents were refused, or two sides differ. */
export const INCOMPLETE = 6
/** Ended by Ctrl-C. */
export const INTERRUPTED = 130

export const EXIT_CODES = `
Exit codes:
  0  done                            4  not allowed (401, 403)
  1  failed                          5  not found (404)
  2  wrong options or arguments      6  done in part: documents refused, differences found
  3  the server cannot be reached    130  ended by Ctrl-C`
