import { randomUUID } from 'node:crypto'
import { isDesignId, type DocId, DESIGN, DESIGN_END } from '../../../protocol/document-id.ts'
import { idOfRow } from '../../database/reading/row-text.ts'
import { filterKey, type ChangeFilter } from './change-filter.ts'

const PAGE = 1000
/** Ids up to which feeds of the same ones share their rows: more take long to sort, and nobody else has them. */
const MAX_SHARED_IDS = 10_000

/** `filter=_doc_ids` */
export function docIdsFilter(ids: readonly DocId[]): ChangeFilter {
  const wanted = new Set(ids)
  return {
    key:
      wanted.size > MAX_SHARED_IDS ? `_doc_ids ${randomUUID()}` : filterKey('_doc_ids', [...wanted].sort()),
    pageSize: PAGE,
    mayFail: false,
    select: records => records.map(record => wanted.has(idOfRow(record))),
    candidates: { ids: [...wanted] },
  }
}

/** `filter=_design` */
export function designFilter(): ChangeFilter {
  return {
    key: '_design',
    pageSize: PAGE,
    mayFail: false,
    select: records => records.map(record => isDesignId(idOfRow(record))),
    candidates: { from: DESIGN, to: DESIGN_END },
  }
}
