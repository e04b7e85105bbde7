import { readRows } from './reading.ts'
import type { Work } from './work.ts'

/** The list of all documents. */
export const allDocs: Work = {
  name: 'all-docs',
  unit: 'rows/s',
  ceiling: 'level iterator',
  wanted: 0.6,
  measure: target => readRows(target, { path: '_all_docs' }),
}

/** The list of all documents, with their bodies. */
export const allDocsWithDocs: Work = {
  name: 'all-docs-with-docs',
  unit: 'rows/s',
  ceiling: 'level iterator',
  wanted: 0.25,
  measure: target => readRows(target, { path: '_all_docs?include_docs=true' }),
}
