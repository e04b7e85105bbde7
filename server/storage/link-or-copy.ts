import { copyFile, link } from 'node:fs/promises'
import { isMissingFile } from './missing-file.ts'

/** Gives a file that never changes a second name, or copies it where there are no second names. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(async (error: unknown) => {
    if (isMissingFile(error)) throw error
    await copyFile(from, to)
  })
}
