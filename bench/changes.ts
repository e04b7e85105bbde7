import { rowsWork } from './reading.ts'

/** The feed from the beginning. */
export const changes = rowsWork('changes', { wanted: 0.6, path: '_changes?since=0' })

/** The feed from the beginning, with the documents' bodies. */
export const changesWithDocs = rowsWork('changes-with-docs', {
  wanted: 0.25,
  path: '_changes?since=0&include_docs=true',
})

/** The feed through a selector that lets a tenth pass; the rate is of the rows looked at. */
export const changesWithSelector = rowsWork('changes-with-selector', {
  wanted: 0.2,
  path: '_changes?since=0&filter=_selector',
  body: JSON.stringify({ selector: { type: 'tenth' } }),
  shareOfRows: 0.1,
})
