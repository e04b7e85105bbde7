import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, program } from '../../harness/project.ts'
import { tempDir } from '../helpers/temp.ts'
import { patternOf, stepsOf } from '../helpers/tutorial.ts'

/** Documents whose commands are run as they stand, with their fewest steps. */
const DOCUMENTS = [
  { name: 'tutorial', steps: 12 },
  { name: 'models', steps: 11 },
] as const

/** Command that stands for the tutorial's `npx couchette`. */
const PROGRAM = [process.execPath, ...program('cli/main')].join(' ')

/** Ends what a step has printed. */
const END = '--end of the step--'

for (const { name, steps: fewest } of DOCUMENTS)
  test.serial(`the commands of docs/${name}.md do what it says`, async t => {
    t.timeout(280_000)
    const dir = await tempDir()
    const steps = stepsOf(await readFile(join(ROOT, `docs/${name}.md`), 'utf8'))
    const ports = new Map<string, string>()
    t.true(steps.length >= fewest)
    const shell = spawn('bash', ['-s'], { cwd: dir.path, stdio: ['pipe', 'pipe', 'pipe'] })
    const servers: ChildProcess[] = []
    t.teardown(async () => {
      for (const child of [...servers, shell]) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await dir.remove()
    })
    for (const { commands, isServer, shown } of steps) {
      const program = commands.replaceAll('npx couchette', PROGRAM)
      if (isServer) {
        const [option = '', port = ''] = /--port (\d+)/.exec(program) ?? []
        const server = await startServer(program.replace(option, '--port 0'), dir.path)
        servers.push(server.child)
        ports.set(port, server.port)
        continue
      }
      const typed = [...ports].reduce((text, [port, free]) => text.replaceAll(port, free), program)
      const printed = await runStep(shell, typed)
      if (shown !== undefined) t.regex(printed.trim(), patternOf(shown), commands)
    }
  })

/** Runs a command that is a server; resolves when it says where it listens. */
async function startServer(
  command: string,
  cwd: string,
): Promise<{ readonly child: ChildProcess; readonly port: string }> {
  const child = spawn('bash', ['-c', `exec ${command}`], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for (;;) {
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
    said += chunk.toString()
    const port = /listens on http:\S+:(\d+)\s/.exec(said)?.[1]
    if (port !== undefined) return { child, port }
  }
}

/** Has the shell run commands; resolves with what they print. */
async function runStep(shell: ChildProcess, commands: string): Promise<string> {
  let printed = ''
  const done = new Promise<void>((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the shell ended with ${code}: ${printed}`))
    const take = (chunk: Buffer): void => {
      printed += chunk.toString()
      if (!printed.includes(END)) return
      shell.stdout?.off('data', take)
      shell.off('exit', ended)
      resolve()
    }
    shell.stdout?.on('data', take)
    shell.once('exit', ended)
  })
  shell.stdin?.write(`${commands}\necho; echo '${END}'\n`)
  await done
  return printed.slice(0, printed.indexOf(END))
}
