import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from '../../harness/project.ts'
import { runCli } from '../cli/run-cli.ts'
import { call } from '../helpers/http.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { type Model, numberOf } from './model.ts'
import { below, pick, type Random } from './random.ts'
import type { Work, Worker } from './writers.ts'

const run = promisify(execFile)
const CLI = program('cli/main')

/** Backups that are kept; older ones are removed as new ones come. */
const KEPT = 6

/** A backup that was answered as taken, with what had been acknowledged before it began. */
export interface TakenBackup {
  /** RFC 3339. */
  readonly created: string
  /** Acknowledged revisions of documents that lived, by database and id. */
  readonly held: ReadonlyMap<string, ReadonlyMap<string, string>>
}

interface Row {
  readonly key: string
  readonly error?: string
  readonly value?: { readonly rev: string }
}

/** Takes backups into one directory, as an operator's timer does; a crash cuts them off, too. */
export function backupTaker({ url, model, random }: Work, directory: string): Worker {
  return {
    name: 'backup',
    async turn() {
      const held = acknowledgedIn(model)
      const { code, out, err } = await runCli([
        'backup',
        directory,
        '--keep',
        `${KEPT}`,
        '--url',
        url,
        '--json',
      ])
      if (code !== 0) throw new Error(`backup ended with ${code}: ${err}`)
      const { created } = JSON.parse(out) as { created: string }
      model.backups.push({ created, held })
      await sleep(below(random, 2000))
    },
  }
}

function acknowledgedIn(model: Model): TakenBackup['held'] {
  return new Map(
    model.databases.map(({ name, documents }) => [
      name,
      new Map(
        [...documents].flatMap(([id, { acknowledged }]) =>
          acknowledged?.rev === undefined || acknowledged.purged === true ? [] : [[id, acknowledged.rev]],
        ),
      ),
    ]),
  )
}

/**
 * Restores the newest backup and an older one, which verifies every record, count and attachment, and looks for everything
 * that was acknowledged before the backup began.
 *
 * @returns how many were restored
 */
export async function checkBackups(
  { backups, databases }: Model,
  directory: string,
  random: Random,
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const kept = backups.slice(-KEPT)
  const chosen = new Set([kept.at(-1), pick(random, kept)].filter(backup => backup !== undefined))
  for (const { created, held } of chosen) {
    const data = `${directory}-of-${Date.parse(created)}`
    const args = [...CLI, 'restore', directory, '--at', created, '--data', data]
    const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...env } })
    assert.match(stdout, /all verified/)
    const server = await spawnServer(data, env)
    try {
      for (const database of databases) {
        const purged = (id: string): boolean => database.documents.get(id)?.acknowledged?.purged === true
        const revs = [...(held.get(database.name) ?? [])].filter(([id]) => !purged(id))
        await checkHeld(server.url, database.name, new Map(revs))
      }
    } finally {
      await server.kill()
    }
  }
  return chosen.size
}

async function checkHeld(url: string, name: string, held: ReadonlyMap<string, string>): Promise<void> {
  const json = { keys: [...held.keys()] }
  const { status, body } = await call<{ rows: Row[] }>(url, 'POST', `/${name}/_all_docs`, { json })
  assert.equal(status, 200)
  for (const { key, value, error } of body.rows) {
    assert.equal(error, undefined, `${name}/${key} is not in the backup`)
    const [rev, wanted] = [value?.rev ?? '', held.get(key) ?? '']
    const isLater = numberOf(rev) > numberOf(wanted)
    assert.ok(
      rev === wanted || isLater,
      `${name}/${key} has ${rev} in the backup, ${wanted} was acknowledged`,
    )
  }
}
