import { allDocs, allDocsWithDocs } from './all-docs.ts'
import { attachments } from './attachments.ts'
import { bulkInsert, bulkUpdate } from './bulk-insert.ts'
import { inlineRead, inlineWrite, textAttachment, viewManyRows } from './cases.ts'
import { changes, changesWithDocs, changesWithSelector } from './changes.ts'
import { compareEqual, conflictResolve } from './conflicts.ts'
import { gets } from './gets.ts'
import { mangoFind, mangoIndex, mangoScan } from './mango.ts'
import { puts } from './puts.ts'
import { replication } from './replication.ts'
import { viewBuild, viewGroups, viewRows, viewUpdates } from './views.ts'
import type { Work } from './work.ts'

/** All works, in the order in which they are done. */
export const WORKS: readonly Work[] = [
  bulkInsert,
  bulkUpdate,
  puts,
  gets,
  allDocs,
  allDocsWithDocs,
  changes,
  changesWithDocs,
  changesWithSelector,
  viewBuild,
  viewRows,
  viewGroups,
  viewUpdates,
  mangoIndex,
  mangoFind,
  mangoScan,
  replication,
  conflictResolve,
  compareEqual,
  ...attachments,
  inlineWrite,
  inlineRead,
  textAttachment,
  viewManyRows,
]
