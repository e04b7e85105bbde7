import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { program } from '../../../harness/project.ts'
import { Config } from '../../../server/config/config.ts'
import { configurationFindings, sentence, warnings } from '../../../server/config/findings.ts'
import { readIniFiles } from '../../../server/config/files.ts'
import { SETTINGS } from '../../../server/config/settings.ts'
import { OTHER_SETTINGS } from '../../../server/config/settings/other.ts'
import { tempDir } from '../../helpers/temp.ts'

const LOCAL = `; comment
# also meant as one
[replicator]
max_jobs = many
max_jbos = 5
interval = 60000 ; as in CouchDB
verify_ssl_certificates = yes
password = secret
[log
stray line
[ioq]
concurrency = 10
[nouveau]
enable = true
[httpd]
enable_cors = true
port = 5986
[admins]
anna = x
[smoosh.ratio_dbs]
min_priority = 1.25
from = 22:00
[couchdb]
database_dir = /elsewhere
`

async function directory(t: { teardown: (fn: () => Promise<void>) => void }): Promise<string> {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  await mkdir(join(dir.path, 'local.d'))
  return dir.path
}

test('P10: each setting works, or is named with its line and what to do', async t => {
  const path = await directory(t)
  await writeFile(join(path, 'local.ini'), LOCAL)
  await writeFile(join(path, 'local.d/a.ini'), 'x = 1\n')
  const found = configurationFindings(path, await readIniFiles(path), [
    { section: 'chttpd', key: 'port', value: '-1' },
  ])
  t.deepEqual(
    found.map(finding => `${finding.kind} ${sentence(finding)}`),
    [
      'error local.ini:9: "[log" is no [section], no key = value and no ; comment.',
      'error local.ini:10: "stray line" is no [section], no key = value and no ; comment.',
      'error local.ini:4: [replicator] max_jobs = many: it takes a whole number or infinity.',
      'unknown local.ini:5: [replicator] max_jbos is no setting of Couchette or CouchDB. Did you mean max_jobs?',
      'error local.ini:7: [replicator] verify_ssl_certificates = yes: it takes true or false.',
      'none local.ini:12: [ioq] concurrency has no effect: Compaction takes turns with requests by itself.',
      'unsupported local.ini:14: [nouveau] enable is not supported. There is no full-text search.',
      'none local.ini:17: [httpd] port has no effect: There is no second port for the node alone; `_config` shows where `[chttpd]` listens.',
      'unsupported local.ini:24: [couchdb] database_dir is not followed: --data chooses the directory.',
      'error local.d/a.ini:1: "x = 1" is no [section], no key = value and no ; comment.',
      'error --set: [chttpd] port = -1: it takes a number from 0 to 65535.',
    ],
  )
  t.is(
    warnings(found).at(-1),
    'Without effect on Couchette, and without loss: [ioq] concurrency, [httpd] port.',
  )
})

test('a configuration with errors is refused with all of them, and one without is taken', async t => {
  const path = await directory(t)
  await writeFile(join(path, 'local.ini'), '[log]\nlevel = loud\n[chttpd]\nport = x\n')
  await t.throwsAsync(Config.open({ directory: path }), {
    message:
      /^local\.ini:2: \[log\] level = loud: it takes one of .*\nlocal\.ini:4: \[chttpd\] port = x: .*$/,
  })
  await writeFile(join(path, 'local.ini'), '[nouveau]\nenable = true\n')
  const config = await Config.open({ directory: path })
  t.deepEqual(config.warnings, [
    'local.ini:2: [nouveau] enable is not supported. There is no full-text search.',
  ])
  await config.close()
})

test('no setting is said to work and to have no effect', t => {
  const sections: Record<string, object> = SETTINGS
  for (const { section, keys } of OTHER_SETTINGS) {
    for (const key of keys.split(' '))
      t.false(Object.hasOwn(sections[section] ?? {}, key), `${section}/${key}`)
  }
})

test('P10: couchette check-config prints the same, and ends with 1 where the server would not start', async t => {
  const path = await directory(t)
  const check = async (...args: string[]): Promise<[number | null, string]> => {
    const child = spawn(process.execPath, [...program('cli/main'), 'check-config', '--data', path, ...args])
    const [out, [code]] = await Promise.all([
      text(child.stdout),
      once(child, 'exit') as Promise<[number | null]>,
    ])
    return [code, out]
  }
  t.deepEqual(await check(), [0, 'Every setting works.\n'])
  await writeFile(join(path, 'local.ini'), '[ioq]\nratio = 1\n[chttpd]\nport = x\n')
  const [code, out] = await check()
  t.is(code, 1)
  t.regex(out, /^none {8}local\.ini:2: .*\nerror {7}local\.ini:4: .*\n$/)
  const [, json] = await check('--json')
  t.is((JSON.parse(json) as unknown[]).length, 2)
})
