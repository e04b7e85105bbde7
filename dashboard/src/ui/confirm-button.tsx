import { useEffect, useState } from 'preact/hooks'
import { Button } from './kit.tsx'

const ARMED_MS = 5000

interface ConfirmButtonProps {
  readonly text: string
  /** Label of the second press, such as "Really delete it". */
  readonly confirm: string
  readonly label?: string
  readonly small?: boolean
  readonly disabled?: boolean
  readonly onConfirm: () => void
}

/** A button for what cannot be undone: the first press asks, the second one within a few seconds does it. */
export function ConfirmButton({
  text,
  confirm,
  label,
  small = false,
  disabled = false,
  onConfirm,
}: ConfirmButtonProps) {
  const [armed, setArmed] = useState(false)
  useEffect(() => {
    if (!armed) return undefined
    const timer = setTimeout(() => setArmed(false), ARMED_MS)
    return () => clearTimeout(timer)
  }, [armed])
  const press = () => {
    setArmed(!armed)
    if (armed) onConfirm()
  }
  return (
    <Button
      kind="danger"
      small={small}
      disabled={disabled}
      onClick={press}
      {...(small ? {} : { icon: 'trash' as const })}
      {...(label === undefined || armed ? {} : { label })}
    >
      {armed ? confirm : text}
    </Button>
  )
}
