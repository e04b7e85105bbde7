import type { Server } from '../frame/server.ts'

/** A database of a server: its name as part of a path. */
interface DatabasePath {
  readonly server: Server
  readonly path: string
}

/** Properties of a database that another one is made with. */
export interface DatabaseProps {
  readonly props?: { readonly partitioned?: boolean }
}

/** Makes a database, partitioned as the other one is. @returns whether there was none */
export async function makeDatabase(
  { server, path }: DatabasePath,
  { props }: DatabaseProps,
): Promise<boolean> {
  if ((await server.find(path)) !== undefined) return false
  const partitioned = props?.partitioned === true
  await server.send('PUT', path, undefined, partitioned ? { partitioned } : {})
  return true
}

/** Copies settings such as `_security` and `_revs_limit`, as they are written at the source. */
export async function copySettings(
  source: DatabasePath,
  target: DatabasePath,
  settings: readonly string[],
): Promise<void> {
  for (const setting of settings) {
    const text = await source.server.text(`${source.path}/${setting}`)
    await target.server.send('PUT', `${target.path}/${setting}`, text.trim())
  }
}
