import { readFile } from 'node:fs/promises'
import test from 'ava'
import { projectFile } from '../../../harness/project.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

interface Example {
  readonly policy: { readonly policy: string; readonly at?: string }
  readonly ancestor?: object
  readonly leaves: readonly object[]
  readonly result: Readonly<Record<string, unknown>>
}

interface Document {
  readonly _rev: string
  readonly _conflicts?: readonly string[]
}

const id = (digit: number): string => String(digit).repeat(32)

/** Writes the leaves of an example as replications do, over their common ancestor where there is one. */
async function writeLeaves(url: string, path: string, { ancestor, leaves }: Example): Promise<void> {
  const base = ancestor === undefined ? [] : [id(0)]
  const docs = leaves.map((leaf, index) => ({
    ...leaf,
    _id: 'doc',
    _revisions: { start: base.length + 1, ids: [id(index + 1), ...base] },
  }))
  if (ancestor !== undefined) docs.unshift({ ...ancestor, _id: 'doc', _revisions: { start: 1, ids: base } })
  await call(url, 'POST', `${path}/_bulk_docs`, { json: { new_edits: false, docs } })
}

test('the examples of docs/conflicts.md do what they say on a server', withServer, async (t, { url }) => {
  const text = await readFile(projectFile('docs/conflicts.md'), 'utf8')
  const examples = [...text.matchAll(/```json\n(.*?)```/gs)].map(
    ([, json = '']) => JSON.parse(json) as Example,
  )
  const { body: welcome } = await call<{ uuid: string }>(url, 'GET', '/')
  const kinds = new Set(examples.map(({ policy }) => policy.policy))
  t.deepEqual([...kinds].sort(), ['function', 'latest', 'majority', 'manual', 'merge', 'prefer'])
  for (const [index, example] of examples.entries()) {
    const path = `/example-${index}`
    await call(url, 'PUT', path)
    const rule = { ...example.policy, ...(example.policy.at === undefined ? {} : { at: welcome.uuid }) }
    await call(url, 'PUT', `${path}/_design/policy`, { json: { conflicts: [rule] } })
    await writeLeaves(url, path, example)
    const read = async (): Promise<Document> =>
      (await call<Document>(url, 'GET', `${path}/doc?conflicts=true`)).body
    const isManual = example.policy.policy === 'manual'
    if (!isManual)
      await eventually(`example ${index} is resolved`, async () => (await read())._conflicts === undefined)
    const { _id, _rev, _conflicts, ...body } = (await read()) as Document & Record<string, unknown>
    t.deepEqual(body, example.result)
    t.is(_conflicts?.length ?? 0, isManual ? 1 : 0)
  }
})
