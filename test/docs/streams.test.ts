import { readFileSync } from 'node:fs'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import { parseReplication } from '../../protocol/replication-request.ts'
import { parseIdTemplate } from '../../protocol/streams/id-template.ts'

const text = readFileSync(projectFile('docs/streams.md'), 'utf8')

/** Blocks of indented lines. */
const blocks = text
  .split(/\n(?! {4})/)
  .map(part => part.split('\n').filter(line => line.startsWith('    ')))
  .filter(lines => lines.length > 0)
  .map(lines => lines.map(line => line.slice(4)).join('\n'))

test('jobs of docs/streams.md are jobs, and its masks are masks', t => {
  const jobs = blocks.filter(block => block.startsWith('{"_id"')).map(block => JSON.parse(block) as object)
  const masks = blocks
    .filter(block => block.startsWith('"mask"'))
    .map(block => JSON.parse(`{${block}}`) as object)
  t.is(jobs.length, 3)
  t.is(masks.length, 1)
  for (const job of jobs) {
    const address = JSON.parse(JSON.stringify(job).replaceAll('http://…@', 'http://user:password@')) as object
    const parsed = parseReplication({ ...address }, REPLICATION_DEFAULTS)
    t.true('source' in parsed && (parsed.source.stream ?? parsed.target.stream) !== undefined)
  }
  const target = { url: 'nats://localhost', stream: 'S', subject: 's.{id}' }
  for (const mask of masks) {
    const parsed = parseReplication({ source: 'http://localhost/a', target, ...mask }, REPLICATION_DEFAULTS)
    t.is('target' in parsed && parsed.target.stream?.mask?.length, 2)
  }
})

test('commands and parameters of docs/streams.md name streams and templates that are understood', t => {
  const commands = blocks
    .flatMap(block => block.split('\n'))
    .filter(line => line.startsWith('couchette stream '))
  t.true(commands.length >= 3)
  for (const command of commands) {
    t.regex(command, /(?:nats|kafka):\/\/localhost\/\S+/)
    const template = /--id "([^"]+)"/.exec(command)?.[1]
    if (template !== undefined) t.notThrows(() => parseIdTemplate(template))
    t.is(template !== undefined, command.includes('--format debezium'))
  }
  for (const [, template] of text.matchAll(/_ingest\?id=(\S*\{\w+\})/g))
    t.notThrows(() => parseIdTemplate(template!))
})
