/** Returns the number of a database from its record in the store. Behind the JSON stands a checksum, which may have any bytes. */
export function databaseNumber(record: Uint8Array | undefined): number {
  const number = /"number":(\d+)/.exec(Buffer.from(record ?? []).toString())?.[1]
  if (number === undefined) throw new Error('there is no such database')
  return Number(number)
}
