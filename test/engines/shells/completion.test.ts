import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { runCli } from '../../cli/run-cli.ts'
import { tempDir } from '../../helpers/temp.ts'

const run = promisify(execFile)

/** Writes the completion script of a shell to a file of a new directory. */
async function scriptFor(t: ExecutionContext, shell: string, name: string): Promise<string> {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const { out } = await runCli(['completion', shell])
  await writeFile(join(dir.path, name), out)
  return dir.path
}

/** Starts an interactive zsh in a terminal of its own, types the line and two tabs, and prints what the screen shows. */
const TYPE_IN_ZSH = `
zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
expect() { local seen; zpty -r shell seen "*$1*"; print -r -- "$seen"; }
zpty -w shell 'PS1="%%"; fpath=('$1' $fpath); autoload -Uz compinit; compinit -u -D; print DO"NE"'
expect DONE
print -r -- SCREEN
zpty -w -n shell "$2"$'\\t\\t'
expect $3
zpty -d shell
`

test('zsh completes commands', async t => {
  const dir = await scriptFor(t, 'zsh', '_couchette')
  const type = async (line: string, expected: string): Promise<string> => {
    const { stdout } = await run('zsh', ['-f', '-c', TYPE_IN_ZSH, 'zsh', dir, line, expected], {
      timeout: 60_000,
    })
    return stdout.slice(stdout.indexOf('SCREEN'))
  }
  t.regex(await type('couchette profile a', 'profile add'), /couchette profile add/)
  t.regex(await type('couchette profile ', 'default'), /use +-- Makes a profile the default/)
  t.regex(await type('couchette prof', 'remove'), /couchette profile/)
})

test('fish completes commands and options, without a word of its own', async t => {
  const dir = await scriptFor(t, 'fish', 'couchette.fish')
  const complete = async (line: string): Promise<string[]> => {
    const script = `source ${dir}/couchette.fish; complete -C ${JSON.stringify(line)}`
    const { stdout, stderr } = await run('fish', ['--no-config', '-c', script], { cwd: dir })
    t.is(stderr, '')
    return stdout.trim().split('\n')
  }
  t.regex((await complete('couchette prof'))[0]!, /^profile\t/)
  t.true(
    (await complete('couchette profile a')).includes(
      'add\tAdds a profile, or replaces the one of that name.',
    ),
  )
  t.deepEqual(await complete('couchette profile add --user'), ['--username\tuser; the password is asked for'])
  t.regex((await complete('couchette jobs --url http://here sho')).join(), /show\tShows a job/)
})
