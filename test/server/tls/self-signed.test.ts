import { X509Certificate } from 'node:crypto'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { makeSelfSigned } from '../../../server/tls/self-signed.ts'

test('the certificate vouches for its hosts and for itself', async t => {
  const { cert } = await makeSelfSigned(['localhost', '127.0.0.1'], { days: 10 })
  const certificate = new X509Certificate(cert)
  t.is(certificate.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1')
  t.true(certificate.verify(certificate.publicKey))
  t.true(certificate.checkIssued(certificate))
  t.is(certificate.checkHost('localhost'), 'localhost')
  t.is(certificate.checkIP('127.0.0.2'), undefined)
  t.true(Date.parse(certificate.validTo) > Date.now() + 8 * 86_400_000)
})

test('clients that were given the certificate reach the server, others do not', async t => {
  const { key, cert } = await makeSelfSigned(['localhost', '127.0.0.1'])
  const server = createServer({ key, cert }, (_req, res) => res.end('here'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const status = (ca: string | undefined) =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, agent: false, ...(ca === undefined ? {} : { ca }) },
        response => {
          response.resume()
          resolve(response.statusCode)
        },
      )
      sent.on('error', reject).end()
    })
  t.is(await status(cert), 200)
  await t.throwsAsync(status(undefined), { message: /self-signed/ })
})
