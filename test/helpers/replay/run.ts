import { setTimeout as sleep } from 'node:timers/promises'
import { answerOf, parseLine, pick } from './answer.ts'
import { Client } from './client.ts'
import { compare } from './compare.ts'
import { freshVars, mask } from './placeholders.ts'
import type { Answer, RequestSpec, Scenario, Step } from './scenario.ts'

const UNTIL_WITHIN_MS = 30_000
const UNTIL_EVERY_MS = 150

/**
 * Runs a scenario on fresh databases of a server, and cleans up after it.
 *
 * @param url the server's, with an admin's credentials
 * @param options.stopAtFirst end with the first step that differs, as later ones often wait for what cannot come
 * @returns every difference from CouchDB's answers; none when the scenario passes
 */
export async function replay(
  url: string,
  scenario: Scenario,
  { stopAtFirst = false }: { stopAtFirst?: boolean } = {},
): Promise<string[]> {
  const client = new Client(url, freshVars(scenario))
  try {
    await createDatabases(client, scenario)
    return await replaySteps(client, scenario.steps, stopAtFirst)
  } catch (error) {
    return [messageOf(error)]
  } finally {
    await cleanUp(client, scenario)
    client.close()
  }
}

async function createDatabases(client: Client, { databases = [], databaseOptions }: Scenario): Promise<void> {
  for (const name of databases) {
    const { status, raw } = await client.send({ method: 'PUT', path: `/{${name}}`, query: databaseOptions })
    if (status !== 201 && status !== 202)
      throw new Error(`PUT /{${name}} answered ${status}: ${raw.toString()}`)
  }
}

async function cleanUp(client: Client, { cleanup = [], databases = [] }: Scenario): Promise<void> {
  const given = cleanup.flatMap(({ request }) => request ?? [])
  const drops = databases.map((name): RequestSpec => ({ method: 'DELETE', path: `/{${name}}` }))
  for (const request of [...given, ...drops]) await client.send(request).catch(() => {})
}

async function replaySteps(client: Client, steps: readonly Step[], stopAtFirst: boolean): Promise<string[]> {
  const problems: string[] = []
  for (const [i, step] of steps.entries()) {
    const label = `step ${i + 1} ${labelOf(step)}`
    if (stopAtFirst && problems.length > 0) break
    try {
      const answer = mask(await runStep(client, step), client.vars)
      if (step.response === undefined) continue
      problems.push(...compare(step.response, answer, step).map(difference => `${label}: ${difference}`))
    } catch (error) {
      return [...problems, `${label}: ${messageOf(error)}`]
    }
  }
  return problems
}

async function runStep(client: Client, step: Step): Promise<Answer> {
  if (step.wait !== undefined) await sleep(step.wait)
  else if (step.close !== undefined) client.closeFeed(step.close)
  else if (step.read !== undefined) return { lines: (await client.feed(step.read).read(step)).map(parseLine) }
  else if (step.request === undefined) throw new Error('a step of no known kind')
  else if (step.open !== undefined) return answerOf(await client.open(step.open, step.request))
  else return await ask(client, step, step.request)
  return {}
}

async function ask(client: Client, step: Step, request: RequestSpec): Promise<Answer> {
  const deadline = Date.now() + (step.within ?? UNTIL_WITHIN_MS)
  let answer = answerOf(await client.send(request))
  while (!fulfils(answer, step.until) && Date.now() <= deadline) {
    await sleep(UNTIL_EVERY_MS)
    answer = answerOf(await client.send(request))
  }
  for (const [name, path] of Object.entries(step.save ?? {})) client.vars[name] = pick(answer, path)
  return answer
}

/** `until` has for each path the value, an array of the values that will do, or "*" for any but null. */
function fulfils(answer: Answer, until: Step['until']): boolean {
  return Object.entries(until ?? {}).every(([path, want]) => {
    const got = pick(answer, path)
    if (want === '*') return got !== undefined && got !== null
    return Array.isArray(want) ? want.includes(got) : got === want
  })
}

function labelOf({ request, response: _response, ...step }: Step): string {
  if (request === undefined) return JSON.stringify(step)
  return `${request.method} ${request.path}${request.query ? ` ${JSON.stringify(request.query)}` : ''}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
