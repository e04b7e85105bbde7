import { stat } from 'node:fs/promises'
import { connect } from 'node:net'
import test from 'ava'
import { ADMIN } from '../../harness/child-server.ts'
import { attachmentFiles } from '../helpers/attachment-files.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { MARKER, KEY, LARGE, TEXT, key, withData, filesWith, bytesOf, fill, check } from './encrypted-node.ts'

test('with a key, nothing on disk holds what documents, attachments and indexes hold', t =>
  withData(async (data, run) => {
    await run(key(KEY), async ({ couchette, url }) => {
      await fill(t, url)
      await check(t, url)
      const upload = connect(couchette.port, '127.0.0.1')
      const credentials = Buffer.from(`${ADMIN.name}:${ADMIN.password}`).toString('base64')
      upload.write(
        `PUT /secrets/halfway/a HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${credentials}\r\n` +
          `Content-Type: application/octet-stream\r\nContent-Length: ${2 * LARGE.length}\r\n\r\n`,
      )
      upload.write(LARGE)
      const written = async () =>
        (await Promise.all((await attachmentFiles(data)).map(file => stat(file)))).reduce(
          (sum, { size }) => sum + size,
          0,
        )
      await eventually('the upload is on disk in part', async () => (await written()) > 1.3 * LARGE.length)
      t.deepEqual(await filesWith(data, MARKER), [])
      upload.destroy()
    })
    t.deepEqual(await filesWith(data, MARKER), [])
    await run(key(KEY), ({ url }) => check(t, url))
    t.deepEqual(await filesWith(data, MARKER), [])
  }))

test('the same search finds the text where there is no key', t =>
  withData(async (data, run) => {
    await run({}, async ({ url }) => {
      await fill(t, url)
      await check(t, url)
    })
    t.true((await filesWith(data, MARKER)).length >= 2)
  }))

test('ranges of an encrypted attachment are cut where they should be', t =>
  withData(async (_, run) =>
    run(key(KEY), async ({ url }) => {
      await fill(t, url)
      const edges = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 500_000, LARGE.length - 1]
      for (const from of edges) {
        for (const to of edges.filter(each => each >= from)) {
          const range = { range: `bytes=${from}-${to}` }
          const bytes = await bytesOf(url, '/secrets/large/a', range)
          t.true(bytes.equals(LARGE.subarray(from, to + 1)), range.range)
        }
      }
    }),
  ))

test('content that is there is not stored again, and is compared by what it is', t =>
  withData(async (data, run) =>
    run(key(KEY), async ({ url }) => {
      await fill(t, url)
      const before = (await attachmentFiles(data)).length
      for (const [raw, type] of [
        [LARGE, 'application/octet-stream'],
        [TEXT, 'text/plain'],
      ] as const) {
        const headers = { 'content-type': type }
        t.is((await call(url, 'PUT', `/secrets/again-${raw.length}/a`, { raw, headers })).status, 201)
        t.true((await bytesOf(url, `/secrets/again-${raw.length}/a`)).equals(raw))
      }
      t.true((await attachmentFiles(data)).length <= before + 8, 'only files made ahead are new')
    }),
  ))
