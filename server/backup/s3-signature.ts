import { AwsV4Signer } from 'aws4fetch'

export interface S3Settings {
  /** Base URL of the bucket, without a slash at its end. */
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

export type S3Method = 'GET' | 'HEAD' | 'PUT' | 'DELETE'

export interface S3Request {
  readonly method: S3Method
  /** Of the bucket, percent-encoded: "/key", "?list-type=2". */
  readonly path: string
  /** Of the body, in hex. Default: of nothing. */
  readonly sha256?: string | undefined
  /** Time of the request, as in `20130524T000000Z`. Default: now. */
  readonly time?: string | undefined
}

/** SHA-256 of nothing. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Signs a request to a bucket (AWS Signature Version 4). @returns its URL and headers */
export async function signRequest(
  settings: S3Settings,
  { method, path, sha256 = EMPTY, time }: S3Request,
): Promise<{ readonly url: URL; readonly headers: Readonly<Record<string, string>> }> {
  const { url, region, accessKeyId, secretAccessKey, sessionToken } = settings
  const signer = new AwsV4Signer({
    method,
    url: url + path,
    headers: { 'x-amz-content-sha256': sha256 },
    service: 's3',
    region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(time === undefined ? {} : { datetime: time }),
  })
  const signed = await signer.sign()
  return { url: signed.url, headers: Object.fromEntries(signed.headers) }
}
