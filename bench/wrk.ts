import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { target as targetOf } from '../harness/client.ts'
import { benchDocument } from './documents.ts'
import type { Target } from './target.ts'
import type { Work } from './work.ts'

const CONNECTIONS = 64
const SECONDS = 4

/** Returns whether `wrk` is installed, a client that costs little of the processors that it shares with the server. */
export function hasWrk(): boolean {
  return spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined
}

/** PUTs and GETs of single documents by 64 connections of `wrk`. */
export const wrkWorks: readonly Work[] = [
  {
    name: 'wrk-puts',
    unit: 'requests/s',
    ceiling: 'node:http',
    wanted: 0.5,
    isTimed: true,
    measure: async target => runWrk(target, putScript(await target.database())),
  },
  {
    name: 'wrk-gets',
    unit: 'requests/s',
    ceiling: 'node:http',
    wanted: 0.6,
    isTimed: true,
    measure: async target => runWrk(target, getScript(await target.filled(), target.documents)),
  },
]

/** Runs a script for some seconds and returns requests a second; any answer other than 2xx is an error. */
async function runWrk({ url }: Target, script: string): Promise<number> {
  const { origin, headers } = targetOf(url)
  const dir = await mkdtemp(join(tmpdir(), 'couchette-wrk-'))
  try {
    const file = join(dir, 'script.lua')
    await writeFile(file, script)
    const named = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const said = await outputOf('wrk', [
      '-t1',
      `-c${CONNECTIONS}`,
      `-d${SECONDS}s`,
      '-s',
      file,
      ...named,
      origin,
    ])
    const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(said)?.[1])
    if (!(rate > 0) || /Non-2xx|Socket errors/.test(said)) throw new Error(`wrk: ${said}`)
    return rate
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await once(child, 'close')
  return said
}

function putScript(database: string): string {
  const { _id, ...body } = benchDocument(1)
  return `local number = 0
wrk.headers["Content-Type"] = "application/json"
local body = [==[${JSON.stringify(body)}]==]
request = function()
  number = number + 1
  return wrk.format("PUT", string.format("/${database}/document-%08d", number), nil, body)
end
`
}

function getScript(database: string, documents: number): string {
  return `wrk.headers["Accept"] = "application/json"
request = function()
  return wrk.format("GET", string.format("/${database}/document-%08d", math.random(0, ${documents - 1})))
end
`
}
