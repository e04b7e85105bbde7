import type { ComponentChildren } from 'preact'

/** Links to the first and the next page; a way back one step is the browser's. */
export function Pager({
  first,
  next,
  children,
}: {
  first: string | undefined
  next: string | undefined
  children?: ComponentChildren
}) {
  if (first === undefined && next === undefined && children === undefined) return null
  return (
    <nav class="card-foot row between" aria-label="Pages">
      <span class="muted small">{children}</span>
      <span class="row">
        {first !== undefined && (
          <>
            <a class="button small" href={first}>
              First page
            </a>
            <button class="button small" onClick={() => history.back()}>
              Back
            </button>
          </>
        )}
        {next !== undefined && (
          <a class="button small" href={next} rel="next">
            Next page
          </a>
        )}
      </span>
    </nav>
  )
}
