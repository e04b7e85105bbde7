/** Status, `error` and `reason` of a failure; a function makes the reason of what the failure names. */
export type ErrorEntry = readonly [
  status: number,
  error: string,
  reason: string | ((detail: string) => string),
]
