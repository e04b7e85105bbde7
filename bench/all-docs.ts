import { rowsWork } from './reading.ts'

/** The list of all documents. */
export const allDocs = rowsWork('all-docs', { wanted: 0.6, path: '_all_docs' })

/** The list of all documents, with their bodies. */
export const allDocsWithDocs = rowsWork('all-docs-with-docs', {
  wanted: 0.25,
  path: '_all_docs?include_docs=true',
})
