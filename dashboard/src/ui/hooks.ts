import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { isAbort } from '../api/http.ts'
import { parsePlace, type Place } from '../lib/location.ts'

/** The place that the page's address names, followed as it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash))
  useEffect(() => {
    const follow = () => setPlace(parsePlace(location.hash))
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return place
}

/** Goes to an address of `linkTo`; `replace` leaves no step back. */
export function navigate(link: string, { replace = false } = {}): void {
  if (!replace) {
    location.hash = link
    return
  }
  history.replaceState(null, '', link)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

export interface Resource<T> {
  /** The last answer, kept while a newer one is on its way. */
  readonly data: T | undefined
  readonly error: unknown
  readonly loading: boolean
  readonly reload: () => void
}

/**
 * Loads something when a view opens and whenever one of the `inputs` changes; the request before is given up then.
 *
 * @param refreshMs loads again and again, with so many milliseconds between, while the page is visible
 */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: readonly unknown[],
  refreshMs?: number,
): Resource<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; loading: boolean }>({ loading: true })
  const [round, setRound] = useState(0)
  const key = JSON.stringify(inputs)
  const lastKey = useRef(key)
  useEffect(() => {
    const controller = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const isOther = lastKey.current !== key
    lastKey.current = key
    setState(before => (isOther ? { loading: true } : { ...before, loading: true }))
    const run = async () => {
      try {
        const data = await load(controller.signal)
        if (!controller.signal.aborted) setState({ data, loading: false })
      } catch (error) {
        if (isAbort(error) || controller.signal.aborted) return
        setState(before => ({ ...before, error, loading: false }))
      }
      if (refreshMs !== undefined && !controller.signal.aborted) timer = setTimeout(again, refreshMs)
    }
    const again = () => {
      if (document.visibilityState === 'hidden') timer = setTimeout(again, refreshMs)
      else void run()
    }
    void run()
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [key, round])
  const reload = useCallback(() => setRound(before => before + 1), [])
  return { data: state.data, error: state.error, loading: state.loading, reload }
}

/** Runs something that a person asked for: once at a time, with its failure kept to be shown. */
export function useAction(): {
  readonly busy: boolean
  readonly error: unknown
  readonly run: (action: () => Promise<void>) => void
  readonly clear: () => void
} {
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false })
  const run = useCallback((action: () => Promise<void>) => {
    setState({ busy: true })
    action().then(
      () => setState({ busy: false }),
      (error: unknown) => setState({ busy: false, error }),
    )
  }, [])
  const clear = useCallback(() => setState({ busy: false }), [])
  return { busy: state.busy, error: state.error, run, clear }
}

/** A value that follows another once that has rested for a while: for searching while somebody types. */
export function useSettled<T>(value: T, delayMs = 250): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs)
    return () => clearTimeout(timer)
  }, [value, delayMs])
  return settled
}
