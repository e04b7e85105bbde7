import type { Command } from 'commander'
import { Context } from './context.ts'
import type { CommonOptions } from './context.ts'
import type { Io } from './io.ts'

/** Action of a command; resolves with its exit code. Arguments that may be left out are undefined, repeated ones a list. */
export type Handler<Options, Arguments extends readonly unknown[]> = (
  context: Context,
  options: Options & CommonOptions,
  ...args: Arguments
) => Promise<number>

/** Adds commands to the program. How one is written is told in `cli/README.md`. */
export class Frame {
  readonly #program: Command
  readonly #io: Io
  readonly #done: (code: number) => void

  /** @param done called with the exit code of the command that ran */
  constructor(program: Command, io: Io, done: (code: number) => void) {
    this.#program = program
    this.#io = io
    this.#done = done
  }

  /**
   * Adds a command with the options that all of them share: `--url`, `--profile`, `--ca`, `--insecure`, `--json`.
   *
   * @param usage name and arguments, as commander reads them: "tail <database>"
   * @param examples command lines with what they do, aligned in the help
   * @param parent the command it belongs to: `jobs` of `jobs show`
   */
  command(
    usage: string,
    description: string,
    examples: readonly (readonly [line: string, about: string])[],
    parent: Command = this.#program,
  ): Command {
    return this.localCommand(usage, description, examples, parent)
      .option('--url <url>', 'server to talk to; also COUCHETTE_URL (default: http://127.0.0.1:5984)')
      .option('--profile <name>', 'server and credentials of a profile (couchette profile)')
      .option('--ca <file>', 'certificates of authorities to trust')
      .option('--insecure', 'takes any certificate')
  }

  /** Adds a command that talks to no server. */
  localCommand(
    usage: string,
    description: string,
    examples: readonly (readonly [line: string, about: string])[],
    parent: Command = this.#program,
  ): Command {
    const width = Math.max(0, ...examples.map(([line]) => line.length))
    const lines = examples.map(([line, about]) => `  ${line.padEnd(width)}   ${about}`.trimEnd())
    const heading = examples.length === 1 ? 'Example' : 'Examples'
    return parent
      .command(usage)
      .description(description)
      .helpOption('-h, --help', 'shows this help')
      .helpCommand(false)
      .option('--json', 'prints JSON')
      .addHelpText('after', examples.length === 0 ? '' : `\n${heading}:\n${lines.join('\n')}`)
  }

  /** Makes commander's action of a handler. */
  run<Options, Arguments extends readonly unknown[] = []>(
    handler: Handler<Options, Arguments>,
  ): (...all: unknown[]) => Promise<void> {
    return async (...all) => {
      const command = all.at(-1) as Command
      const options = command.optsWithGlobals<Options & CommonOptions>()
      const context = new Context(this.#io, options)
      try {
        this.#done(await handler(context, options, ...(all.slice(0, -2) as unknown as Arguments)))
      } finally {
        await context.close()
      }
    }
  }
}
