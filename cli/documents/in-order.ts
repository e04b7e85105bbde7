/**
 * Works on some items at the same time and yields the results in the items' order. The first failure ends it; what is under
 * way then is waited for.
 *
 * @param ahead items that are worked on before the first of them is taken
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const pending: Promise<Result>[] = []
  try {
    for await (const item of items) {
      const result = work(item)
      // Failures are met where the result is taken.
      result.catch(() => undefined)
      pending.push(result)
      if (pending.length >= ahead) yield await (pending.shift() as Promise<Result>)
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<Result>)
  } finally {
    await Promise.allSettled(pending)
  }
}
