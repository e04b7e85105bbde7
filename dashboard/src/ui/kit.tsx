import type { ComponentChildren, ComponentProps } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import { formatAgo, formatTime } from '../lib/format.ts'
import { Icon, type IconName } from './icon.tsx'
import type { Resource } from './hooks.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

interface Children {
  readonly children?: ComponentChildren
}

interface PageProps extends Children {
  readonly title: string
  readonly crumbs?: readonly { readonly text: string; readonly link: string }[]
  readonly lead?: ComponentChildren
  readonly actions?: ComponentChildren
}

/** A view's frame: its title, the way up, and what can be done. */
export function Page({ title, crumbs = [], lead, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Couchette`
  }, [title])
  return (
    <>
      <header class="page-head">
        <div>
          {crumbs.length > 0 && (
            <ol class="crumbs" aria-label="Path">
              {crumbs.map(({ text, link }) => (
                <li key={link} class="break">
                  <a href={link}>{text}</a>
                </li>
              ))}
            </ol>
          )}
          <h1>{title}</h1>
          {lead !== undefined && <p class="lead">{lead}</p>}
        </div>
        {actions !== undefined && <div class="row">{actions}</div>}
      </header>
      {children}
    </>
  )
}

interface ButtonProps extends Children {
  readonly onClick?: () => void
  readonly kind?: 'primary' | 'danger' | 'quiet' | 'normal'
  readonly type?: 'button' | 'submit'
  readonly small?: boolean
  readonly disabled?: boolean
  readonly icon?: IconName
  readonly label?: string
  readonly pressed?: boolean
  readonly expanded?: boolean
}

export function Button(props: ButtonProps) {
  const { kind = 'normal', type = 'button', small = false, icon, label, pressed, expanded } = props
  return (
    <button
      type={type}
      class={`button ${kind} ${small ? 'small' : ''}`}
      disabled={props.disabled ?? false}
      onClick={props.onClick}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      title={label}
    >
      {icon !== undefined && <Icon name={icon} />}
      {props.children}
    </button>
  )
}

export function LinkButton({
  href,
  kind = 'normal',
  icon,
  children,
}: Children & { href: string; kind?: 'primary' | 'normal'; icon?: IconName }) {
  return (
    <a class={`button ${kind}`} href={href}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </a>
  )
}

export function Badge({ tone = 'plain', children }: Children & { tone?: Tone }) {
  return <span class={`badge ${tone}`}>{children}</span>
}

export function Notice({ tone = 'plain', children }: Children & { tone?: Tone }) {
  const icon = tone === 'good' ? 'check' : tone === 'plain' || tone === 'info' ? 'info' : 'warning'
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={icon} />
      <div class="grow break">{children}</div>
    </div>
  )
}

export function ErrorNotice({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error === undefined) return null
  return (
    <Notice tone="bad">
      <div class="row between">
        <span class="break">{messageOf(error)}</span>
        {retry !== undefined && (
          <Button small icon="refresh" onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </Notice>
  )
}

export function Loading({ what = 'Loading…' }: { what?: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" />
      {what}
    </div>
  )
}

export function Empty({ title, children }: Children & { title: string }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  )
}

/** Renders a loaded resource: a progress bar while it loads, its error, or the resource itself. */
export function Loaded<T>({
  resource,
  children,
  what,
}: {
  resource: Resource<T>
  children: (data: T) => ComponentChildren
  what?: string
}) {
  const { data, error, reload } = resource
  return (
    <>
      {error !== undefined && <ErrorNotice error={error} retry={reload} />}
      {data === undefined
        ? error === undefined && <Loading {...(what === undefined ? {} : { what })} />
        : children(data)}
    </>
  )
}

interface FieldProps extends Children {
  readonly label: string
  readonly hint?: ComponentChildren
}

/** A label around its one control. */
export function Field({ label, hint, children }: FieldProps) {
  return (
    <label class="field">
      <span>
        {label} {hint !== undefined && <span class="hint">{hint}</span>}
      </span>
      {children}
    </label>
  )
}

interface TextInputProps {
  readonly value: string
  readonly onInput: (value: string) => void
  readonly type?: 'text' | 'search' | 'password' | 'url' | 'number'
  readonly placeholder?: string
  readonly label?: string
  readonly name?: string
  readonly autocomplete?: string
  readonly autofocus?: boolean
  readonly required?: boolean
  readonly invalid?: boolean
  readonly list?: string
  readonly class?: string
}

export function TextInput({ value, onInput, label, invalid, autofocus, ...rest }: TextInputProps) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (autofocus === true) input.current?.focus()
  }, [autofocus])
  // One element for all types: the types of JSX have one interface for each.
  const attributes = { type: 'text', autocomplete: 'off', ...rest } as ComponentProps<'input'>
  return (
    <input
      {...attributes}
      ref={input}
      value={value}
      spellcheck={false}
      aria-label={label}
      aria-invalid={invalid === true ? 'true' : undefined}
      onInput={event => onInput(event.currentTarget.value)}
    />
  )
}

export function Check({
  checked,
  onChange,
  children,
}: Children & { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={event => onChange(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  )
}

export function Select({
  value,
  onChange,
  options,
  label,
}: {
  value: string
  onChange: (value: string) => void
  options: readonly (readonly [value: string, text: string])[]
  label?: string
}) {
  return (
    <select value={value} aria-label={label} onChange={event => onChange(event.currentTarget.value)}>
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  )
}

/** A dialog that holds the focus until it is closed; Escape closes it. */
export function Dialog({ title, onClose, children }: Children & { title: string; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}

/** A time with how long ago it was, in full on hover. */
export function Ago({ time }: { time: string | number | Date | null | undefined }) {
  if (time === null || time === undefined) return <span class="muted">never</span>
  const date = new Date(time)
  return (
    <time dateTime={Number.isNaN(date.getTime()) ? undefined : date.toISOString()} title={formatTime(date)}>
      {formatAgo(date)}
    </time>
  )
}

export function Figure({ label, children, note }: Children & { label: string; note?: ComponentChildren }) {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        {children} {note !== undefined && <div class="small muted">{note}</div>}
      </dd>
    </div>
  )
}
