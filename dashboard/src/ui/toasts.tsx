import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icon.tsx'

interface Toast {
  readonly id: number
  readonly text: string
}

const SHOWN_MS = 5000
let listeners: ((toast: Toast) => void)[] = []
let next = 0

/** Says in a corner of the page what has been done. */
export function toast(text: string): void {
  next += 1
  for (const listener of listeners) listener({ id: next, text })
}

export function Toasts() {
  const [shown, setShown] = useState<readonly Toast[]>([])
  useEffect(() => {
    const listener = (added: Toast) => {
      setShown(before => [...before.slice(-2), added])
      setTimeout(() => setShown(before => before.filter(({ id }) => id !== added.id)), SHOWN_MS)
    }
    listeners = [...listeners, listener]
    return () => {
      listeners = listeners.filter(other => other !== listener)
    }
  }, [])
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text }) => (
        <div key={id} class="notice good">
          <Icon name="check" />
          <span class="break">{text}</span>
        </div>
      ))}
    </div>
  )
}
