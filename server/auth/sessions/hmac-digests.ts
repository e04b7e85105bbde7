/** CouchDB's names of digests that may sign, which are Erlang's, with those of Node. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['sha', 'sha1'],
  ['sha224', 'sha224'],
  ['sha256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha512', 'sha512'],
  ['sha3_224', 'sha3-224'],
  ['sha3_256', 'sha3-256'],
  ['sha3_384', 'sha3-384'],
  ['sha3_512', 'sha3-512'],
  ['blake2b', 'blake2b512'],
  ['blake2s', 'blake2s256'],
])

/** `[chttpd_auth] hash_algorithms` as Node names them; unknown and broken ones (`md5`) are passed over. */
export function hmacDigests(algorithms: readonly string[]): string[] {
  return algorithms.flatMap(name => DIGESTS.get(name) ?? [])
}
