import { readFile } from 'node:fs/promises'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { ROUTES } from '../../server/routes/table.ts'

test('docs/endpoints.md lists every route with its methods, and says how it is answered', async t => {
  const text = await readFile(projectFile('docs/endpoints.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `(\/[^`]*)` +\| ([^|]+?) +\| (.*?) *\|$/gm)].map(
    ([, path = '', methods = '', about = '']) => ({ path, methods, about }),
  )
  const routes = ROUTES.map(({ path, methods }) => ({
    path,
    methods: Object.keys(methods).join(', ') || 'none: 405',
  }))
  const listed = rows
    .map(({ path, methods }) => ({ path, methods }))
    .filter(({ path }) => path.startsWith('/'))
  t.deepEqual(
    listed.filter(({ methods }) => /^[A-Z, ]+$|^none/.test(methods)),
    routes,
  )
  t.true(rows.every(({ about }) => about.length > 2))
})
