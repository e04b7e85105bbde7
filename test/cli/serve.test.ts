import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer as createTcp, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { program } from '../../harness/project.ts'
import { createServer } from '../../server/main.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { tempDir } from '../helpers/temp.ts'

const NODE = [process.execPath, ...program('cli/main')]

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command line to its end. */
async function run(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ended> {
  const [node = '', ...before] = NODE
  const child = spawn(node, [...before, ...args], { env: { ...process.env, ...env } })
  child.stdin.end(input)
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { code, out, err }
}

/** Starts a command that serves; resolves with its address. */
async function serving(child: ChildProcess): Promise<string> {
  let said = ''
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk)
    const url = /listens on (http:\S+)/.exec(said)?.[1]
    if (url !== undefined) {
      child.stdout?.resume()
      return url
    }
  }
  throw new Error(`it ended: ${said}`)
}

test('help and version are shown, and what cannot be is a sentence with exit code 2', async t => {
  t.regex((await run(['-h'])).out, /serve.*\n.*reset-admin/s)
  t.regex((await run(['serve', '--help'])).out, /--encryption-key-file/)
  t.regex((await run(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
  const cases: [string[], string][] = [
    [['--prot', '5'], 'There is no option --prot. Did you mean --port?'],
    [['start'], 'There is no command start. couchette --help lists what there is.'],
    [['--port'], 'The option --port <number> needs a value.'],
    [['--port', '70000'], '--port takes a number from 0 to 65535, not "70000".'],
    [['--port', ''], '--port takes a number from 0 to 65535, not "".'],
    [['--set', 'a=b'], '--set takes SECTION/KEY=VALUE, not "a=b".'],
    [['--admin', 'anna'], '--admin takes NAME:PASSWORD.'],
  ]
  for (const [args, sentence] of cases) {
    t.deepEqual(await run(args), { code: 2, out: '', err: `couchette: ${sentence}\n` })
  }
  t.regex((await run(['--log-level', 'foo'])).err, /^couchette: --log-level takes one of .*, not "foo"\.\n$/)
})

test('a start that cannot listen or write says so in a sentence', async t => {
  const dir = await tempDir()
  const taken = createTcp().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  try {
    const busy = await run(['--port', String(port), '--data', dir.path])
    t.deepEqual([busy.code, busy.out], [1, ''])
    t.is(
      busy.err,
      `couchette: The address 127.0.0.1:${port} is in use by another program: stop it, or choose another port with --port.\n`,
    )
    const nowhere = await run(['--port', '0', '--bind', '192.0.2.1', '--data', dir.path])
    t.regex(nowhere.err, /^couchette: This machine has no address 192\.0\.2\.1:/)
    const file = join(dir.path, 'file')
    await writeFile(file, '')
    t.is(
      (await run(['--data', file])).err,
      `couchette: The data directory ${file} cannot be used: there is a file of that name.\n`,
    )
  } finally {
    taken.close()
    await dir.remove()
  }
})

test('after a start that failed, the same process can start on the same directory', async t => {
  const dir = await tempDir()
  const taken = createTcp().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const options = { data: dir.path, admin: { name: 'a', password: 'b' }, logLevel: 'silent' }
  try {
    for (let round = 0; round < 2; round++) {
      await t.throwsAsync(createServer({ ...options, port }), { message: /is in use by another program/ })
    }
    const tls = [
      { section: 'ssl', key: 'enable', value: 'true' },
      { section: 'ssl', key: 'port', value: '0' },
    ]
    await t.throwsAsync(createServer({ ...options, port, settings: tls }), { message: /is in use/ })
    const server = await createServer({ ...options, port: 0 })
    t.is((await call(server.url, 'GET', '/_up')).status, 200)
    await server.close()
  } finally {
    taken.close()
    await dir.remove()
  }
})

const CHAINS: Record<string, readonly string[]> = {
  'npm start': ['npm', 'start', '--', '--port', '0', '--data', 'data'],
  'npx couchette': ['npx', 'couchette', '--port', '0', '--data', 'data'],
}

for (const [chain, [command = '', ...args]] of Object.entries(CHAINS)) {
  test(`SIGTERM to "${chain}" ends the server and frees its data directory`, async t => {
    const dir = await tempDir()
    await mkdir(join(dir.path, 'node_modules/.bin'), { recursive: true })
    const script = NODE.map(part => `'${part}'`).join(' ')
    await writeFile(join(dir.path, 'package.json'), JSON.stringify({ scripts: { start: script } }))
    const bin = join(dir.path, 'node_modules/.bin/couchette')
    await writeFile(bin, `#!/bin/sh\nexec ${script} "$@"\n`)
    await chmod(bin, 0o755)
    const env = {
      ...process.env,
      COUCHDB_PASSWORD: 'pass',
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    }
    const child = spawn(command, args, { cwd: dir.path, env, stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const url = await serving(child)
      t.is((await call(url, 'GET', '/_up')).status, 200)
      child.kill('SIGTERM')
      await eventually('nobody listens', async () =>
        call(url, 'GET', '/_up').then(
          () => false,
          () => true,
        ),
      )
      await eventually('the directory is free', async () => {
        const server = await createServer({ data: join(dir.path, 'data'), port: 0 }).catch(() => undefined)
        await server?.close()
        return server !== undefined
      })
    } finally {
      child.kill('SIGKILL')
      await dir.remove()
    }
  })
}

test("the README's commands work on an old directory: a password that is given is the administrator's", async t => {
  const dir = await tempDir()
  const start = async (env: Record<string, string>, flags: readonly string[] = []) => {
    const [node = '', ...before] = NODE
    const child = spawn(node, [...before, '--port', '0', '--data', dir.path, ...flags], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const logged = text(child.stderr)
    const url = await serving(child)
    return {
      url,
      stop: async () => {
        child.kill('SIGINT')
        await once(child, 'exit')
        return logged
      },
    }
  }
  const status = async (url: string, login: string) =>
    (await call(url.replace('//', `//${login}@`), 'GET', '/_all_dbs')).status
  try {
    t.is(await (await start({})).stop(), '')
    const second = await start({ COUCHDB_USER: 'admin', COUCHDB_PASSWORD: 'pass' })
    t.is(await status(second.url, 'admin:pass'), 200)
    t.regex(await second.stop(), /The administrator \\"admin\\" was given a new password/)
    const third = await start({ COUCHDB_PASSWORD: 'pass' })
    t.is(await status(third.url, 'admin:pass'), 200)
    t.is(await third.stop(), '')
    const fourth = await start({}, ['--admin', 'admin:other'])
    t.is(await status(fourth.url, 'admin:other'), 200)
    t.is(await status(fourth.url, 'admin:pass'), 401)
    const running = await run(['reset-admin', '--data', dir.path])
    t.deepEqual([running.code, running.out], [1, ''])
    t.regex(running.err, /is in use by another process/)
    await fourth.stop()
    const { out } = await run(['reset-admin', '--data', dir.path])
    const [, password = ''] =
      /^The administrator "admin" has a new password: "(.+)"\. It is shown only now\.\n$/.exec(out) ?? []
    t.is((await run(['reset-admin', 'root', '--data', dir.path, '--password-stdin'], {}, 'word\n')).code, 0)
    const fifth = await start({})
    t.is(await status(fifth.url, `admin:${password}`), 200)
    t.is(await status(fifth.url, 'root:word'), 200)
    await fifth.stop()
  } finally {
    await dir.remove()
  }
})

test('reset-admin makes no directory of a name that was mistyped', async t => {
  const dir = await tempDir()
  const { code, err } = await run(['reset-admin', '--data', join(dir.path, 'none')])
  await dir.remove()
  t.is(code, 1)
  t.regex(
    err,
    /^couchette: The configuration .*couchette\.ini cannot be used: there is no such file or directory\.\n$/,
  )
})
