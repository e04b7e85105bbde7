import { digestOf, leafCount, leavesOf } from './leaves.ts'
import { DATABASE } from './nodes.ts'
import type { Node } from './nodes.ts'

const SHOWN_DIFFERENCES = 10

export interface Comparison {
  readonly documents: number
  /** Documents with more than one leaf. */
  readonly conflicted: ReadonlySet<string>
  readonly differing: readonly string[]
  readonly sameText: boolean
}

/** Compares the complete set of leaves of every document, and the text of all documents, and prints differences. */
export async function compare(north: Node, south: Node): Promise<Comparison> {
  const [here, there] = [await leavesOf(north.url, DATABASE), await leavesOf(south.url, DATABASE)]
  const ids = new Set([...here.keys(), ...there.keys()])
  const differing = [...ids].filter(id => here.get(id) !== there.get(id))
  for (const id of differing.slice(0, SHOWN_DIFFERENCES)) {
    console.log(
      `${id}: ${here.get(id) ?? 'not there'} in the north, ${there.get(id) ?? 'not there'} in the south`,
    )
  }
  const conflicted = new Set([...ids].filter(id => leafCount(here.get(id)) > 1))
  const sameText = (await digestOf(north.url, DATABASE)) === (await digestOf(south.url, DATABASE))
  return { documents: ids.size, conflicted, differing, sameText }
}
