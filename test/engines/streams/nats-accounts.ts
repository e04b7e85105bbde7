import { nkeys } from '@nats-io/nats-core'

/** An operator with one account and one of its users, as `nsc` makes them. */
export interface NatsAccounts {
  /** Lines of a server's configuration that trust the operator and know the account. */
  readonly configuration: string
  /** Content of the user's credentials file. */
  readonly credentials: string
  /** Content of a credentials file that another operator made. */
  readonly foreign: string
}

/** Makes keys and tokens (NATS, "JWT authentication"). */
export function natsAccounts(): NatsAccounts {
  const operator = nkeys.createOperator()
  const [account, system, other] = Array.from({ length: 3 }, () => nkeys.createAccount()) as [
    nkeys.KeyPair,
    nkeys.KeyPair,
    nkeys.KeyPair,
  ]
  const connections = { conn: -1, subs: -1, data: -1, payload: -1, imports: -1, exports: -1, leaf: -1 }
  const limits = { ...connections, wildcards: true }
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const accountToken = (key: nkeys.KeyPair, more: object): string =>
    `${key.getPublicKey()}: ${token(key, operator, { type: 'account', version: 2, limits: { ...limits, ...more } })}`
  return {
    configuration: [
      `operator: ${token(operator, operator, { type: 'operator', version: 2 })}`,
      'resolver: MEMORY',
      `system_account: ${system.getPublicKey()}`,
      'resolver_preload: {',
      accountToken(account, storage),
      accountToken(system, {}),
      '}',
    ].join('\n'),
    credentials: credentialsOf(account),
    foreign: credentialsOf(other),
  }
}

function credentialsOf(account: nkeys.KeyPair): string {
  const user = nkeys.createUser()
  const jwt = token(user, account, { type: 'user', version: 2, subs: -1, data: -1, payload: -1 })
  const seed = Buffer.from(user.getSeed()).toString()
  return [
    '-----BEGIN NATS USER JWT-----',
    jwt,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n')
}

function token(subject: nkeys.KeyPair, issuer: nkeys.KeyPair, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    jti: Math.random().toString(36),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: 'couchette',
    sub: subject.getPublicKey(),
    nats,
  }
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`
}
