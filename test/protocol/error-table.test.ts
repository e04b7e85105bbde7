import test from 'ava'
import { ERRORS } from '../../protocol/errors.ts'
import { sourceFiles } from '../helpers/source-files.ts'

const code = ['protocol', 'server', 'replicator']
  .flatMap(sourceFiles)
  .filter(({ path }) => path !== 'protocol/errors.ts')
  .map(({ text }) => text)
  .join('\n')

test('every error has a status of a failure, and a name in the form that CouchDB gives to errors', t => {
  for (const [name, [status, error]] of Object.entries(ERRORS)) {
    t.true(status >= 400 && status < 600, name)
    t.regex(error, /^[A-Za-z][\w ,.]*$/, name)
  }
})

test('no two errors say the same', t => {
  const said = Object.entries(ERRORS).map(([name, [status, error, reason]]) => {
    return { name, text: `${status} ${error} ${typeof reason === 'string' ? reason : reason('…')}` }
  })
  const doubled = said.filter(({ text }, i) => said.findIndex(other => other.text === text) !== i)
  t.deepEqual(
    doubled.map(({ name }) => name),
    [],
  )
})

test('every error is thrown somewhere', t => {
  t.deepEqual(
    Object.keys(ERRORS).filter(name => !code.includes(`'${name}'`)),
    [],
  )
})
