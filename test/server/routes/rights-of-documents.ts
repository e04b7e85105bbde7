import { row, type Row } from './rights-row.ts'

/** Rows of documents, design documents and attachments. */
export const DOCUMENT_ROWS: readonly Row[] = [
  // Documents
  row('GET /:db/:docid', 'member', 200),
  row('PUT /:db/:docid', 'member', 201, ({ db }) => ({ path: `/${db}/new`, json: {} })),
  row('DELETE /:db/:docid', 'member', 200, ({ db, docRev }) => ({ path: `/${db}/doc?rev=${docRev}` })),
  row('POST /:db/:docid', 'member', 400),
  row('COPY /:db/:docid', 'member', 201, ({ db }) => ({
    path: `/${db}/doc`,
    headers: { destination: 'copied' },
  })),
  row('GET /:db/:docid/*attachment', 'member', 404),
  row('PUT /:db/:docid/*attachment', 'member', 201, ({ db }) => ({
    path: `/${db}/fresh/a.txt`,
    raw: 'x',
    headers: { 'content-type': 'text/plain' },
  })),
  row('DELETE /:db/:docid/*attachment', 'member', 200, ({ db, docRev }) => ({
    path: `/${db}/doc/a.txt?rev=${docRev}`,
  })),
  row('GET /:db/_local/:name', 'member', 404),
  row('PUT /:db/_local/:name', 'member', 201, ({ db }) => ({ path: `/${db}/_local/l`, json: {} })),
  row('DELETE /:db/_local/:name', 'member', 404),
  row('POST /:db/_local/:name', 'member', 400),
  row('COPY /:db/_local/:name', 'member', 404, ({ db }) => ({
    path: `/${db}/_local/l`,
    headers: { destination: 'copied' },
  })),
  row('GET /:db/_local/:name/*attachment', 'member', 400),
  row('PUT /:db/_local/:name/*attachment', 'member', 400),
  row('DELETE /:db/_local/:name/*attachment', 'member', 400),
  row('GET /:db/:systemName', 'member', 404, ({ db }) => ({ path: `/${db}/_local%2Fl` })),
  row('PUT /:db/:systemName', 'member', 201, ({ db }) => ({ path: `/${db}/_local%2Fl`, json: {} })),
  row('DELETE /:db/:systemName', 'member', 404, ({ db }) => ({ path: `/${db}/_local%2Fl` })),
  row('POST /:db/:systemName', 'member', 400, ({ db }) => ({ path: `/${db}/_local%2Fl` })),
  row('COPY /:db/:systemName', 'member', 404, ({ db }) => ({
    path: `/${db}/_local%2Fl`,
    headers: { destination: 'copied' },
  })),
  row('DELETE /:db/:systemName/*attachment', 'member', 400, ({ db }) => ({ path: `/${db}/_local%2Fl/a` })),
  row('GET /:db/:systemName/*attachment', 'member', 400, ({ db }) => ({ path: `/${db}/_local%2Fl/a` })),
  row('PUT /:db/:systemName/*attachment', 'member', 400, ({ db }) => ({ path: `/${db}/_local%2Fl/a` })),

  // Design documents
  row('COPY /:db/_design/:name', 'member', 201, ({ db }) => ({
    path: `/${db}/_design/d`,
    headers: { destination: 'copied' },
  })),
  row('GET /:db/_design/:name', 'member', 200),
  row('PUT /:db/_design/:name', 'db-admin', 201, ({ db }) => ({ path: `/${db}/_design/n`, json: {} })),
  row('DELETE /:db/_design/:name', 'db-admin', 200, ({ db, designRev }) => ({
    path: `/${db}/_design/d?rev=${designRev}`,
  })),
  row('POST /:db/_design/:name', 'member', 400),
  row('GET /:db/_design/:name/*attachment', 'member', 404),
  row('PUT /:db/_design/:name/*attachment', 'db-admin', 201, ({ db }) => ({
    path: `/${db}/_design/fresh/a.txt`,
    raw: 'x',
    headers: { 'content-type': 'text/plain' },
  })),
  row('DELETE /:db/_design/:name/*attachment', 'db-admin', 200, ({ db, designRev }) => ({
    path: `/${db}/_design/d/a.txt?rev=${designRev}`,
  })),
  row('GET /:db/_design/:name/_info', 'member', 200),
  row('GET /:db/_design/:name/_view/:view', 'member', 200),
  row('POST /:db/_design/:name/_view/:view', 'member', 200, ({ db }) => ({
    path: `/${db}/_design/d/_view/v`,
    json: {},
  })),
  row('POST /:db/_design/:name/_view/:view/queries', 'member', 200, ({ db }) => ({
    path: `/${db}/_design/d/_view/v/queries`,
    json: { queries: [] },
  })),
  row('GET /:db/_partition/:partition/_design/:name/_view/:view', 'member', 400, ({ db }) => ({
    path: `/${db}/_partition/p/_design/d/_view/v`,
  })),
  row('POST /:db/_partition/:partition/_design/:name/_view/:view', 'member', 400, ({ db }) => ({
    path: `/${db}/_partition/p/_design/d/_view/v`,
    json: {},
  })),
  row('POST /:db/_partition/:partition/_design/:name/_view/:view/queries', 'member', 400, ({ db }) => ({
    path: `/${db}/_partition/p/_design/d/_view/v/queries`,
    json: { queries: [] },
  })),
]
