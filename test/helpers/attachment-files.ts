import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The paths of the files that the attachment store keeps in a server's data directory. */
export async function attachmentFiles(data: string): Promise<string[]> {
  const entries = await readdir(join(data, 'attachments'), { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}
