import test from 'ava'
import { signRequest } from '../../../server/backup/s3-signature.ts'
import { StartError } from '../../../server/config/start-error.ts'
import { bucketOf } from '../../../server/commands/backup-place.ts'

const KEYS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }

test('a bucket of Amazon has a host name, and one of another server a path', t => {
  const env = { ...KEYS, AWS_REGION: 'eu-central-1', AWS_SESSION_TOKEN: 'token' }
  t.deepEqual(bucketOf('s3://orders/of/one/', env), {
    prefix: 'of/one',
    settings: {
      url: 'https://orders.s3.eu-central-1.amazonaws.com',
      region: 'eu-central-1',
      accessKeyId: 'key',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    },
  })
  const AWS_ENDPOINT_URL = 'http://127.0.0.1:9000/'
  const other = bucketOf('s3://orders', { ...KEYS, AWS_ENDPOINT_URL, AWS_DEFAULT_REGION: 'home' })
  t.like(other, { prefix: '', settings: { url: 'http://127.0.0.1:9000/orders', region: 'home' } })
  const AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:9001'
  const nearest = bucketOf('s3://orders/', { ...KEYS, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 })
  t.like(nearest, { prefix: '', settings: { url: 'http://127.0.0.1:9001/orders', region: 'us-east-1' } })
  for (const directory of ['/srv/backups', 'backups', 's3', './s3:/x'])
    t.is(bucketOf(directory, {}), undefined, directory)
})

test('what is missing of a bucket is named', t => {
  const reasonOf = (where: string, env: Readonly<Record<string, string>>) =>
    t.throws(() => bucketOf(where, env), { instanceOf: StartError }).message
  for (const where of ['s3:', 's3:orders', 's3://', 's3:///orders'])
    t.is(reasonOf(where, KEYS), `A bucket is written as s3://bucket/prefix, not ${where}.`)
  t.regex(reasonOf('s3://orders', {}), /^AWS_ACCESS_KEY_ID is not set: /)
  t.regex(
    reasonOf('s3://orders', { ...KEYS, AWS_SECRET_ACCESS_KEY: '' }),
    /^AWS_SECRET_ACCESS_KEY is not set: /,
  )
  const AWS_ENDPOINT_URL = 'minio'
  t.is(reasonOf('s3://orders', { ...KEYS, AWS_ENDPOINT_URL }), 'AWS_ENDPOINT_URL is no URL: minio.')
})

/** Account and signatures of "Examples: Signature Calculations" in Amazon's reference of S3's API. */
const EXAMPLE = {
  url: 'https://examplebucket.s3.amazonaws.com',
  region: 'us-east-1',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
}
const SIGNATURES = {
  '?lifecycle': 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  '?max-keys=2&prefix=J': '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
}

test('requests are signed as in the examples of Amazon', async t => {
  for (const [path, signature] of Object.entries(SIGNATURES)) {
    const { url, headers } = await signRequest(EXAMPLE, { method: 'GET', path, time: '20130524T000000Z' })
    t.is(url.href, `https://examplebucket.s3.amazonaws.com/${path}`)
    t.is(
      headers['authorization'],
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        `SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
    )
  }
})
