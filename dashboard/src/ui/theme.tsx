import { useState } from 'preact/hooks'
import { Button } from './kit.tsx'

const KEY = 'couchette-theme'
type Theme = 'light' | 'dark'

/** Applies the theme that was chosen before; without a choice the system's holds. */
export function applyTheme(): void {
  const chosen = stored()
  if (chosen !== undefined) document.documentElement.dataset.theme = chosen
}

function stored(): Theme | undefined {
  const value = localStorage.getItem(KEY)
  return value === 'light' || value === 'dark' ? value : undefined
}

function current(): Theme {
  return stored() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
}

export function ThemeButton() {
  const [theme, setTheme] = useState(current)
  const other = theme === 'dark' ? 'light' : 'dark'
  const change = () => {
    localStorage.setItem(KEY, other)
    document.documentElement.dataset.theme = other
    setTheme(other)
  }
  return (
    <Button
      kind="quiet"
      small
      icon={theme === 'dark' ? 'sun' : 'moon'}
      label={`Use ${other} colours`}
      onClick={change}
    />
  )
}
