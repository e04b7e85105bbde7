import { Argument } from 'commander'
import type { Command } from 'commander'
import { OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { completionScript, SHELLS } from '../frame/completion.ts'
import type { Shell } from '../frame/completion.ts'

/** Adds `completion`: prints a script that completes commands and options in a shell. */
export function addCompletion(frame: Frame): void {
  const command: Command = frame
    .localCommand('completion', 'Prints a script that completes commands and options in a shell.', [
      ['source <(couchette completion bash)', 'in ~/.bashrc'],
      ['couchette completion zsh > "${fpath[1]}/_couchette"', ''],
      ['couchette completion fish > ~/.config/fish/completions/couchette.fish', ''],
    ])
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(
      frame.run<object, [Shell]>(async (context, _options, shell) => {
        await context.line(completionScript(shell, command.parent ?? command).trimEnd())
        return OK
      }),
    )
}
