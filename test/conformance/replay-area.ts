import { inParallel } from '../../harness/client.ts'
import { replay } from '../helpers/replay/run.ts'
import { scenariosOf } from '../helpers/replay/scenario.ts'
import type { Scenario } from '../helpers/replay/scenario.ts'
import { startServer } from '../helpers/server.ts'

/** The server that all areas share, with an admin's credentials; without it each has one of its own. */
export const SHARED_URL = process.env['COUCH_URL']

/** Most of a scenario's time is waiting, so many run side by side. */
const SIDE_BY_SIDE = 8

/** The configuration, which others would feel, and the lists in which all databases and jobs stand. */
const ABOUT_THE_WHOLE_SERVER = /^\/_(node|db_updates|active_tasks|scheduler\/jobs)\b/

/** Scenarios whose answers list the members: the recorded server had none besides itself. */
export const TELL_OF_ONE_NODE: ReadonlySet<string> = new Set(['databases/server-endpoints'])

export interface Verdict {
  readonly name: string
  /** Empty for a scenario that passed. */
  readonly differences: readonly string[]
}

export interface ReplayOptions {
  readonly only?: string
  readonly stopAtFirst?: boolean
}

/**
 * Replays an area's scenarios against a server of its own, or against the one that `COUCH_URL` names.
 *
 * @param options.only the part of a scenario's name that selects it
 * @param options.stopAtFirst leave a scenario at the first step that differs
 */
export async function replayArea(
  area: string,
  { only = '', ...how }: ReplayOptions = {},
): Promise<Verdict[]> {
  const scenarios = scenariosOf(area).filter(({ name }) => name.includes(only))
  if (SHARED_URL !== undefined) {
    const isCluster = process.env['COUCH_IS_CLUSTER'] !== undefined
    const asked = scenarios.filter(({ name }) => !isCluster || !TELL_OF_ONE_NODE.has(name))
    return replayAll(SHARED_URL, asked, how)
  }
  const server = await startServer()
  try {
    return await replayAll(server.url, scenarios, how)
  } finally {
    await server.close()
  }
}

/** Replays scenarios against a server that is there. */
export async function replayAll(
  url: string,
  scenarios: readonly Scenario[],
  how: ReplayOptions,
): Promise<Verdict[]> {
  const alone = scenarios.filter(needsTheServerAlone)
  const together = scenarios.filter(scenario => !alone.includes(scenario))
  const run = (scenario: Scenario) => replay(url, scenario, how)
  const runAlone = async (scenario: Scenario) => {
    await eventsAreOver(url)
    return run(scenario)
  }
  return [...(await verdictsOf(together, SIDE_BY_SIDE, run)), ...(await verdictsOf(alone, 1, runAlone))]
}

/** Waits until `_db_updates` has been silent for a moment: events of what scenarios before left come late. */
async function eventsAreOver(url: string): Promise<void> {
  const { origin, username, password } = new URL(url)
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const silence = `${origin}/_db_updates?feed=longpoll&since=now&timeout=${SILENT_MS}`
    const answer = (await (await fetch(silence, { headers })).json()) as { results?: unknown[] }
    if (answer.results === undefined || answer.results.length === 0) return
  }
}

const SILENT_MS = 500

const MOST_TRIES = 60

async function verdictsOf(
  scenarios: readonly Scenario[],
  workers: number,
  run: (scenario: Scenario) => Promise<string[]>,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  await inParallel(workers, scenarios, async scenario => {
    verdicts.push({ name: scenario.name, differences: await run(scenario) })
  })
  return verdicts
}

function needsTheServerAlone({ steps, cleanup = [] }: Scenario): boolean {
  return [...steps, ...cleanup].some(({ request }) => ABOUT_THE_WHOLE_SERVER.test(request?.path ?? ''))
}
