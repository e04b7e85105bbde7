import { randomBytes } from 'node:crypto'
import { call } from '../helpers/http.ts'

const DOCUMENTS = 1000
const BULKS = 4

const DESIGN = {
  views: { by_type: { map: 'function (doc) { emit(doc.type, doc.value) }', reduce: '_sum' } },
  validate_doc_update: 'function (doc) { if (doc.type === "never") throw({ forbidden: "never" }) }',
}

/**
 * Makes a database, uses it in every way, and drops it and its replica.
 *
 * @throws {Error} with the request whose answer is no success
 */
export async function cycle(url: string, db: string): Promise<void> {
  const { origin, username, password } = new URL(url)
  const end = (name: string) => ({ url: `${origin}/${name}`, auth: { basic: { username, password } } })
  const ask = async (method: string, path: string, options: Parameters<typeof call>[3] = {}) => {
    const answer = await call<Record<string, unknown>>(url, method, path, options)
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  await ask('PUT', `/${db}`)
  await ask('PUT', `/${db}/_design/d`, { json: DESIGN })
  const feed = ask('GET', `/${db}/_changes?feed=continuous&timeout=500`)
  for (let bulk = 0; bulk < BULKS; bulk++) {
    const docs = Array.from({ length: DOCUMENTS }, (_, n) => ({
      _id: `doc${n}-${bulk}`,
      type: `t${n % 7}`,
      value: n,
      text: 'x'.repeat(300),
    }))
    await ask('POST', `/${db}/_bulk_docs`, { json: { docs } })
    await ask('GET', `/${db}/_design/d/_view/by_type?group=true`)
  }
  for (const size of [2000, 60_000, 400_000]) {
    const headers = { 'content-type': 'image/png' }
    await ask('PUT', `/${db}/attached-${size}/f`, { raw: randomBytes(size), headers })
    await call<string>(url, 'GET', `/${db}/attached-${size}/f`)
  }
  await ask('POST', `/${db}/_find`, { json: { selector: { value: { $gt: 990 } } } })
  await ask('GET', `/${db}/_all_docs?include_docs=true&limit=500&skip=100`)
  await ask('POST', '/_replicate', {
    json: { source: end(db), target: end(`${db}-copy`), create_target: true },
  })
  await ask('POST', `/${db}/_compact`, { json: {} })
  await feed
  await ask('DELETE', `/${db}-copy`)
  await ask('DELETE', `/${db}`)
}
