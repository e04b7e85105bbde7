/*
 * The program inside the engine. The build bundles this folder into one script (scripts/guest-bundle.ts), which is
 * evaluated in each new engine, so that the modules' variables are the state of that engine alone. It may use nothing
 * but what JavaScript has built in. CouchDB's functions throw arrays and whatever a design document throws, so does this.
 */
import { run } from './commands.ts'
import { installGlobals } from './globals.ts'
import { connect, type GuestHost } from './host.ts'
import { installListGlobals } from './lists.ts'
import { installMimeGlobals } from './mime.ts'
import { installOutputGlobals } from './output.ts'
import { installViewGlobals } from './views.ts'

/**
 * Runs one command.
 *
 * @param args JSON text
 * @returns `+` and JSON (or the text of `map`), or `-` and the JSON of a GuestError
 */
export type GuestDispatch = (command: string, args: string) => string

/** Makes the engine ready; its parameters are the members of GuestHost. */
export function start(
  log: GuestHost['log'],
  tick: GuestHost['tick'],
  give: GuestHost['give'],
  exchange: GuestHost['exchange'],
  prepare: GuestHost['prepare'],
): GuestDispatch {
  connect({ log, tick, give, exchange, prepare })
  installGlobals()
  installViewGlobals()
  installMimeGlobals()
  installOutputGlobals()
  installListGlobals()
  return run
}
