import { readFile, writeFile } from 'node:fs/promises'
import { projectFile } from '../../harness/project.ts'
import { defaultText, type Setting } from '../../server/config/setting.ts'
import { SETTINGS } from '../../server/config/settings.ts'
import { CHANNEL_SETTINGS } from '../../server/config/settings/operations.ts'
import { OTHER_SETTINGS } from '../../server/config/settings/other.ts'

const FILE = projectFile('docs/configuration.md')

/** The reference begins behind this line and goes to the end of the file. */
const BEGIN = '<!-- settings -->'

/** The tables of docs/configuration.md, written from the code's. */
export function settingsReference(): string {
  const sections: [string, Record<string, Setting>][] = [
    ...Object.entries(SETTINGS as Record<string, Record<string, Setting>>),
    ['smoosh.CHANNEL', CHANNEL_SETTINGS],
  ]
  return [...sections.map(([name, keys]) => table(name, keys)), ...others()].join('\n')
}

/** The tables as docs/configuration.md has them; blank space does not count. */
export async function writtenReference(): Promise<string> {
  const text = await readFile(FILE, 'utf8')
  return text.slice(text.indexOf(BEGIN) + BEGIN.length)
}

/** Rows of tables without the space that aligns them. */
export function normalized(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.replace(/ +/g, ' ').replace(/-{2,}/g, '-'))
    .filter(line => line.trim() !== '')
}

function table(section: string, keys: Record<string, Setting>): string {
  const rows = Object.entries(keys).map(([key, setting]) => row(key, setting))
  return [
    `### [${section}]`,
    '',
    '| key | default | what it does | |',
    '| - | - | - | - |',
    ...rows,
    '',
  ].join('\n')
}

function row(key: string, setting: Setting): string {
  const text = defaultText(setting).replaceAll('|', '\\|')
  const unit = setting.kind === 'integer' && setting.unit !== undefined ? ` ${setting.unit}` : ''
  const marks = [setting.restart ? 'restart' : '', setting.sensitive ? 'secret' : ''].filter(
    mark => mark !== '',
  )
  return `| \`${key}\` | ${text === '' ? '' : `\`${text}\`${unit}`} | ${setting.about} | ${marks.join(', ')} |`
}

function others(): string[] {
  const of = (effect: string): string[] =>
    OTHER_SETTINGS.filter(other => other.effect === effect).map(({ section, keys, about }) => {
      const names =
        keys === ''
          ? 'all'
          : keys
              .split(' ')
              .map(key => `\`${key}\``)
              .join(', ')
      return `| \`[${section}]\` | ${names} | ${about} |`
    })
  const head = ['| section | keys | |', '| - | - | - |']
  return [
    '## Settings of CouchDB without effect',
    '',
    'Nothing is missed without them.',
    '',
    ...head,
    ...of('none'),
    '',
    '## Settings of CouchDB that are not supported',
    '',
    ...head,
    ...of('unsupported'),
    '',
  ]
}

if (process.argv[2] === '--write') {
  const text = await readFile(FILE, 'utf8')
  await writeFile(FILE, `${text.slice(0, text.indexOf(BEGIN) + BEGIN.length)}\n\n${settingsReference()}`)
}
