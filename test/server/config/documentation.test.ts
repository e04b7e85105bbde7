import test from 'ava'
import { normalized, settingsReference, writtenReference } from '../../helpers/settings-reference.ts'

test('docs/configuration.md has every setting with its default, and no other (npm run docs:settings)', async t => {
  t.deepEqual(normalized(await writtenReference()), normalized(settingsReference()))
})
