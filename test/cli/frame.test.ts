import { execFile } from 'node:child_process'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { bytes, count, duration, perSecond } from '../../cli/frame/format.ts'
import { printable, table } from '../../cli/frame/table.ts'
import { tempDir } from '../helpers/temp.ts'
import { allCommands, runCli } from './run-cli.ts'

const run = promisify(execFile)

test('every command has help with examples', async t => {
  const { code, out } = await runCli(['--help'])
  t.is(code, 0)
  t.regex(out, /Exit codes:\n {2}0 {2}done/)
  const commands = [...allCommands().keys()]
  t.true(commands.includes('profile add'))
  for (const name of commands) {
    const help = await runCli([...name.split(' '), '--help'])
    t.is(help.code, 0)
    t.regex(help.out, /\nExamples?:\n {2}.*couchette/, name)
  }
})

test('profiles hold credentials in a file that only its owner can read', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const file = join(dir.path, 'below', 'profiles.json')
  const env = { COUCHETTE_PROFILES: file }
  t.regex((await runCli(['profile'], { env })).out, /^There are no profiles in /)
  const added = await runCli(
    ['profile', 'add', 'prod', 'https://couch.example/x/', '--username', 'anna', '--password-stdin'],
    { env, input: 'secret\n' },
  )
  t.deepEqual(added, { code: 0, out: `The profile prod is in ${file}.\n`, err: '' })
  t.is((await stat(file)).mode & 0o777, 0o600)
  t.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
    default: 'prod',
    profiles: { prod: { url: 'https://couch.example/x', username: 'anna', password: 'secret' } },
  })
  await runCli(['profile', 'add', 'ci', 'http://ci:5984', '--token-stdin'], { env, input: 'tok' })
  const listed = await runCli(['profile', 'list', '--json'], { env })
  t.deepEqual(JSON.parse(listed.out), [
    { name: 'prod', url: 'https://couch.example/x', user: 'anna', default: true },
    { name: 'ci', url: 'http://ci:5984', user: 'token', default: false },
  ])
  t.notRegex(listed.out, /secret|tok"/)
  t.is((await runCli(['profile', 'use', 'ci'], { env })).code, 0)
  t.is((await runCli(['profile', 'remove', 'prod'], { env })).code, 0)
  t.deepEqual(await runCli(['profile', 'use', 'prod'], { env }), {
    code: 1,
    out: '',
    err: 'couchette: There is no profile prod: there are ci.\n',
  })
  await chmod(file, 0o644)
  t.deepEqual(await runCli(['profile'], { env }), {
    code: 1,
    out: '',
    err: `couchette: The profiles ${file} can be read by others (mode 0644): chmod 600 ${file}\n`,
  })
  await writeFile(file, '{"profiles":{"a":{"password":"secret"}}', { mode: 0o600 })
  await chmod(file, 0o600)
  t.is((await runCli(['profile'], { env })).err, `couchette: The profiles ${file} are not JSON.\n`)
})

test('a URL with credentials is refused where it would be kept, and never repeated', async t => {
  const { code, err } = await runCli(['profile', 'add', 'x', 'http://anna:secret@host'])
  t.is(code, 2)
  t.notRegex(err, /secret/)
  t.notRegex((await runCli(['profile', 'add', 'x', 'anna:secret@host'])).err, /secret/)
})

test('bash completes commands and options', async t => {
  const { out } = await runCli(['completion', 'bash'])
  const complete = async (...words: string[]): Promise<string[]> => {
    const list = words.map(word => `'${word}'`).join(' ')
    const script = `${out}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _couchette; printf '%s\\n' "\${COMPREPLY[@]}"`
    return (await run('bash', ['-c', script])).stdout.trim().split('\n')
  }
  t.deepEqual(await complete('couchette', 'prof'), ['profile'])
  t.deepEqual(await complete('couchette', 'profile', 'a'), ['add'])
  t.deepEqual(await complete('couchette', 'profile', 'add', '--user'), ['--username'])
  t.regex((await runCli(['completion', 'zsh'])).out, /^#compdef couchette\n/)
  t.regex((await runCli(['completion', 'fish'])).out, /-n '__couchette_at '\\''profile'\\''' -a add -d /)
  const unknown = await runCli(['completion', 'tcsh'])
  t.deepEqual(unknown, {
    code: 2,
    out: '',
    err: 'couchette: The shell is one of bash, zsh, fish, not "tcsh".\n',
  })
  const format = await runCli(['dump', 'a', '--format', 'xml'])
  t.is(format.err, 'couchette: --format takes one of ndjson, json, all_docs, couchbackup, not "xml".\n')
})

test('sizes, numbers and times are readable', t => {
  t.deepEqual([0, 999, 1000, 12_345_678, 4.2e12].map(bytes), ['0 B', '999 B', '1.0 kB', '12.3 MB', '4.2 TB'])
  t.deepEqual([0, 1234567].map(count), ['0', '1,234,567'])
  t.deepEqual([0, 0.43, 12.6].map(perSecond), ['0/s', '0.4/s', '13/s'])
  t.deepEqual([5, 12_400, 200_000, 7_500_000, 273_000_000].map(duration), [
    '5 ms',
    '12 s',
    '3 m 20 s',
    '2 h 5 m',
    '3 d 3 h',
  ])
  t.deepEqual([bytes(null), count(undefined), duration(Infinity)], ['–', '–', '–'])
})

test('a table that is wider than the terminal is cut in the column that may shrink', t => {
  const columns = [
    { title: 'ID', shrinks: true },
    { title: 'N', align: 'right' as const },
  ]
  t.is(
    table(
      columns,
      [
        ['a'.repeat(40), '1'],
        ['b', '100'],
      ],
      20,
    ),
    `ID                 N\n${'a'.repeat(14)}…    1\nb                100\n`,
  )
  t.is(printable('a\u001b[2Jb\u202e'), 'a?[2Jb?')
})
