import { open } from 'node:fs/promises'

/** Makes new names in a directory durable; Windows, which cannot sync a directory, does without. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
