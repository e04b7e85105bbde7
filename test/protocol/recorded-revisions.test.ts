import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { parseBulkDocs } from '../../protocol/document/parse-bulk-docs.ts'
import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { newRevId } from '../../protocol/revision-id.ts'

interface Step {
  readonly request?: {
    readonly method: string
    readonly path: string
    readonly body?: unknown
    readonly text?: string
  }
  readonly response?: { readonly status: number; readonly json?: unknown }
}

interface Scenario {
  readonly name: string
  readonly steps: readonly Step[]
}

interface Written {
  readonly sent: DocumentInput
  readonly rev: string
}

const folder = projectFile('fixtures/transcripts')
const scenarios = readdirSync(folder)
  .filter(file => file.endsWith('.json'))
  .flatMap(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Scenario[])

/** Documents that a step wrote and that got a revision: a single document, or those of a bulk write. */
function writtenIn({ request, response }: Step): Written[] {
  const text = request?.text ?? JSON.stringify(request?.body ?? null)
  if (response?.status !== 201 || !text.startsWith('{') || /\{[a-z]\w*\}/.test(text)) return []
  const rows = Array.isArray(response.json) ? (response.json as unknown[]) : [response.json]
  const isBulk = request!.path.endsWith('/_bulk_docs')
  const bulk = isBulk ? parseBulkDocs(Buffer.from(text)) : undefined
  if (bulk?.newEdits === false) return []
  const docs = bulk?.docs ?? (revOf(rows[0]) === '' ? [] : [parseDocument(Buffer.from(text), { term: true })])
  return docs.map((sent, i) => ({ sent, rev: revOf(rows[i]) }))
}

function revOf(row: unknown): string {
  return typeof row === 'object' && row !== null && 'rev' in row && typeof row.rev === 'string' ? row.rev : ''
}

/** First revisions without attachments: all that is hashed is in the request. */
function isFirst({ sent, rev }: Written): boolean {
  return (
    rev.startsWith('1-') &&
    sent.attachments === undefined &&
    sent.rev === undefined &&
    sent.term !== undefined
  )
}

test('P2: every first revision that CouchDB gave in the recordings is computed alike', t => {
  let count = 0
  for (const { name, steps } of scenarios) {
    for (const { sent, rev } of steps.flatMap(writtenIn).filter(isFirst)) {
      const { deleted, term } = sent
      t.is<string, string>(newRevId({ deleted, parent: undefined, body: term!, attachments: [] }), rev, name)
      count++
    }
  }
  t.log(`${count} revisions`)
  t.true(count > 500)
})
