import type { BackupPlace } from '../../protocol/backup-place.ts'
import type { S3Settings } from '../backup/s3-signature.ts'
import { StartError } from '../config/start-error.ts'
import { DirectoryPlace } from '../backup/directory-place.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Opens a place of backups: a directory, or `s3://bucket/prefix` with what AWS's own tools read from the environment:
 * `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, and for other servers than Amazon's
 * `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`.
 *
 * @throws {StartError} where something of it is missing
 */
export async function openBackupPlace(where: string, env: Environment = process.env): Promise<BackupPlace> {
  const bucket = bucketOf(where, env)
  if (bucket === undefined) return new DirectoryPlace(where)
  // Loaded where there is a bucket alone.
  const { S3Place } = await import('../backup/s3-place.ts')
  return new S3Place(where, bucket.prefix, bucket.settings)
}

/**
 * Returns the bucket that `s3://bucket/prefix` and the environment name; undefined for a directory.
 *
 * @throws {StartError} where something of it is missing
 */
export function bucketOf(
  where: string,
  env: Environment,
): { readonly prefix: string; readonly settings: S3Settings } | undefined {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*?))?\/*$/.exec(where) ?? []
  if (bucket === undefined && /^s3:/.test(where))
    throw new StartError(`A bucket is written as s3://bucket/prefix, not ${where}.`)
  if (bucket === undefined) return undefined
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1'
  const settings = {
    url: bucketUrl(bucket, region, env),
    region,
    accessKeyId: needed(env, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: needed(env, 'AWS_SECRET_ACCESS_KEY'),
    sessionToken: env.AWS_SESSION_TOKEN,
  }
  return { prefix, settings }
}

/** Amazon's buckets have names of their own; other servers are asked by path, which all take. */
function bucketUrl(bucket: string, region: string, env: Environment): string {
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL
  if (endpoint === undefined) return `https://${bucket}.s3.${region}.amazonaws.com`
  if (!URL.canParse(endpoint)) throw new StartError(`AWS_ENDPOINT_URL is no URL: ${endpoint}.`)
  return `${endpoint.replace(/\/+$/, '')}/${bucket}`
}

function needed(env: Environment, name: string): string {
  const value = env[name]
  if (value === undefined || value === '')
    throw new StartError(`${name} is not set: a bucket needs the keys of an account that may use it.`)
  return value
}

export { readBackups } from '../backup/backup-directory.ts'
