import { readFile } from 'node:fs/promises'
import test from 'ava'
import { defaultText, type Setting } from '../../../server/config/setting.ts'
import { SETTINGS } from '../../../server/config/settings.ts'

/** One row of the tables in docs/configuration.md. */
function row(key: string, setting: Setting): string {
  const text = defaultText(setting).replaceAll('|', '\\|')
  const unit = setting.kind === 'integer' && setting.unit !== undefined ? ` ${setting.unit}` : ''
  const marks = [setting.restart ? 'restart' : '', setting.sensitive ? 'secret' : ''].filter(
    mark => mark !== '',
  )
  return `| \`${key}\` | ${text === '' ? '' : `\`${text}\`${unit}`} | ${setting.about} | ${marks.join(', ')} |`
}

test('docs/configuration.md has every setting with its default, and no other', async t => {
  const text = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
  const written = text
    .split('\n')
    .filter(line => /^\| `/.test(line))
    .map(line => line.replace(/ +/g, ' '))
  const expected = Object.values(SETTINGS as Record<string, Record<string, Setting>>).flatMap(keys =>
    Object.entries(keys).map(([key, setting]) => row(key, setting).replace(/ +/g, ' ')),
  )
  t.deepEqual(written, expected)
})
