import type { Cell, Row } from './rights-row.ts'

/** Routes that run functions of the cell's design document, and Mango's. What they answer is tested elsewhere. */
const ROUTES: readonly [route: string, path: string, json?: unknown][] = [
  ['POST /:db/_find', '/_find', { selector: {} }],
  ['POST /:db/_explain', '/_explain', { selector: {} }],
  ['POST /:db/_partition/:partition/_find', '/_partition/p/_find', { selector: {} }],
  ['POST /:db/_partition/:partition/_explain', '/_partition/p/_explain', { selector: {} }],
  ['GET /:db/_index', '/_index'],
  ['DELETE /:db/_index/:ddoc', '/_index/m'],
  ['POST /:db/_design/:name/_update/:function', '/_design/d/_update/f', {}],
  ['PUT /:db/_design/:name/_update/:function', '/_design/d/_update/f', {}],
  ['GET /:db/_design/:name/_update/:function', '/_design/d/_update/f'],
  ['POST /:db/_design/:name/_update/:function/*target', '/_design/d/_update/f/doc', {}],
  ['PUT /:db/_design/:name/_update/:function/*target', '/_design/d/_update/f/doc', {}],
  ['GET /:db/_design/:name/_update/:function/*target', '/_design/d/_update/f/doc'],
  ['GET /:db/_design/:name/_show/:function', '/_design/d/_show/f'],
  ['POST /:db/_design/:name/_show/:function', '/_design/d/_show/f', {}],
  ['GET /:db/_design/:name/_show/:function/*target', '/_design/d/_show/f/doc'],
  ['POST /:db/_design/:name/_show/:function/*target', '/_design/d/_show/f/doc', {}],
  ['GET /:db/_design/:name/_list/:function/:view', '/_design/d/_list/f/v'],
  ['OPTIONS /:db/_design/:name/_list/:function/:view', '/_design/d/_list/f/v'],
  ['OPTIONS /:db/_design/:name/_list/:function/:other/:view', '/_design/d/_list/f/d/v'],
  ['POST /:db/_design/:name/_list/:function/:view', '/_design/d/_list/f/v', {}],
  ['GET /:db/_design/:name/_list/:function/:other/:view', '/_design/d/_list/f/d/v'],
  ['POST /:db/_design/:name/_list/:function/:other/:view', '/_design/d/_list/f/d/v', {}],
  ['OPTIONS /:db/_design/:name/_list/:function/:view', '/_design/d/_list/f/v'],
  ['OPTIONS /:db/_design/:name/_list/:function/:other/:view', '/_design/d/_list/f/d/v'],
  ['DELETE /:db/_design/:name/_show', '/_design/d/_show'],
  ['DELETE /:db/_design/:name/_update', '/_design/d/_update'],
  ['GET /:db/_design/:name/_show', '/_design/d/_show'],
  ['GET /:db/_design/:name/_update', '/_design/d/_update'],
  ['POST /:db/_design/:name/_show', '/_design/d/_show', {}],
  ['POST /:db/_design/:name/_update', '/_design/d/_update', {}],
  ['PUT /:db/_design/:name/_show', '/_design/d/_show', {}],
  ['PUT /:db/_design/:name/_update', '/_design/d/_update', {}],
  ['DELETE /:db/_design/:name/_show/:function', '/_design/d/_show/f'],
  ['DELETE /:db/_design/:name/_show/:function/*target', '/_design/d/_show/f/doc'],
  ['PUT /:db/_design/:name/_show/:function', '/_design/d/_show/f', {}],
  ['PUT /:db/_design/:name/_show/:function/*target', '/_design/d/_show/f/doc', {}],
  ['DELETE /:db/_design/:name/_update/:function', '/_design/d/_update/f'],
  ['DELETE /:db/_design/:name/_update/:function/*target', '/_design/d/_update/f/doc'],
  ['GET /:db/_design/:name/_list', '/_design/d/_list'],
  ['GET /:db/_design/:name/_list/:function', '/_design/d/_list/f'],
  ['GET /:db/_design/:name/_list/:function/:other/:view/*more', '/_design/d/_list/f/d/v/w'],
  ['POST /:db/_design/:name/_list', '/_design/d/_list', {}],
  ['POST /:db/_design/:name/_list/:function', '/_design/d/_list/f', {}],
  ['POST /:db/_design/:name/_list/:function/:other/:view/*more', '/_design/d/_list/f/d/v/w', {}],
  ['DELETE /:db/_design/:name/_rewrite', '/_design/d/_rewrite'],
  ['GET /:db/_design/:name/_rewrite', '/_design/d/_rewrite'],
  ['POST /:db/_design/:name/_rewrite', '/_design/d/_rewrite', {}],
  ['PUT /:db/_design/:name/_rewrite', '/_design/d/_rewrite', {}],
  ['DELETE /:db/_design/:name/_rewrite/*target', '/_design/d/_rewrite/x'],
  ['GET /:db/_design/:name/_rewrite/*target', '/_design/d/_rewrite/x'],
  ['POST /:db/_design/:name/_rewrite/*target', '/_design/d/_rewrite/x', {}],
  ['PUT /:db/_design/:name/_rewrite/*target', '/_design/d/_rewrite/x', {}],
]

/** These change design documents. */
const INDEX_ROUTES: readonly [route: string, path: string, json?: unknown][] = [
  ['POST /:db/_index', '/_index', { index: { fields: ['a'] }, ddoc: 'i', name: 'i' }],
  ['DELETE /:db/_index/_design/:ddoc/:type/:name', '/_index/_design/m/json/m'],
  ['DELETE /:db/_index/:ddoc/:type/:name', '/_index/m/json/m'],
]

/** Functions of the cell's design document. */
export const FUNCTIONS = {
  updates: { f: 'function (doc, req) { return [null, "ok"] }' },
  shows: { f: 'function (doc, req) { return "ok" }' },
  lists: { f: 'function (head, req) { return "ok" }' },
  rewrites: [{ from: 'x', to: '../../doc', method: '*' }],
}

/** The index that the rows above delete. */
export const INDEX = { index: { fields: ['b'] }, ddoc: 'm', name: 'm' }

const row =
  (right: Row['right']) =>
  ([route, path, json]: (typeof ROUTES)[number]): Row => ({
    route,
    right,
    status: 'answered',
    request: ({ db }: Cell) => ({ path: `/${db}${path}`, ...(json === undefined ? {} : { json }) }),
  })

export const FUNCTION_ROWS: readonly Row[] = [
  ...ROUTES.map(row('member')),
  ...INDEX_ROUTES.map(row('db-admin')),
  // Each index is judged by itself: members get an answer, with a refusal for each in it.
  row('member')(['POST /:db/_index/_bulk_delete', '/_index/_bulk_delete', { docids: [] }]),
]
