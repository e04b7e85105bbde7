import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

// Each of a restarted server's first requests had its password hashed for itself: 66 of them kept the threads that the
// store needs busy for half a minute, and the others were refused as too many.
test('two hundred clients with the same password may come at once to a server that has just started', async t => {
  const { url, close } = await startServer()
  try {
    const answers = await Promise.all(Array.from({ length: 200 }, () => call(url, 'GET', '/_session')))
    t.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
  } finally {
    await close()
  }
})
