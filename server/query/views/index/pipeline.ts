const ignore = (): undefined => undefined

/** Applies `make` to each: while one is used the next is made, and the one behind it is read. */
export async function* pipeline<From, To>(
  items: AsyncGenerator<From>,
  make: (item: From) => Promise<To>,
): AsyncGenerator<To> {
  const makeOf = async (read: Promise<IteratorResult<From, unknown>>): Promise<To | undefined> => {
    const result = await read
    return result.done === true ? undefined : make(result.value)
  }
  let making = makeOf(items.next())
  let reading = items.next()
  try {
    for (;;) {
      const made = await making
      if (made === undefined) return
      making = makeOf(reading)
      reading = items.next()
      // An error is thrown when it is its turn.
      making.catch(ignore)
      reading.catch(ignore)
      yield made
    }
  } finally {
    await making.catch(ignore)
    await items.return(undefined)
  }
}
