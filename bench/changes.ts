import { readRows } from './reading.ts'
import type { Work } from './work.ts'

/** The feed from the beginning. */
export const changes: Work = {
  name: 'changes',
  unit: 'rows/s',
  ceiling: 'level iterator',
  wanted: 0.6,
  measure: target => readRows(target, { path: '_changes?since=0' }),
}

/** The feed from the beginning, with the documents' bodies. */
export const changesWithDocs: Work = {
  name: 'changes-with-docs',
  unit: 'rows/s',
  ceiling: 'level iterator',
  wanted: 0.25,
  measure: target => readRows(target, { path: '_changes?since=0&include_docs=true' }),
}

/** The feed through a selector that lets a tenth pass; the rate is of the rows looked at. */
export const changesWithSelector: Work = {
  name: 'changes-with-selector',
  unit: 'rows/s',
  ceiling: 'level iterator',
  wanted: 0.2,
  measure: target =>
    readRows(target, {
      path: '_changes?since=0&filter=_selector',
      body: JSON.stringify({ selector: { type: 'tenth' } }),
      rows: Math.floor(target.documents / 10),
    }),
}
