/** Applies `make` to each, beginning with the next while the last is used. */
export async function* oneAhead<From, To>(
  items: AsyncGenerator<From>,
  make: (item: From) => Promise<To>,
): AsyncGenerator<To> {
  const next = async (): Promise<To | undefined> => {
    const result = await items.next()
    return result.done === true ? undefined : make(result.value)
  }
  let coming = next()
  try {
    for (;;) {
      const made = await coming
      if (made === undefined) return
      coming = next()
      // An error is thrown when it is its turn.
      coming.catch(() => undefined)
      yield made
    }
  } finally {
    await coming.catch(() => undefined)
    await items.return(undefined)
  }
}
