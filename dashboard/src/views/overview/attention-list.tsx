import type { Attention } from '../../lib/attention.ts'
import { Icon } from '../../ui/icon.tsx'
import { Notice } from '../../ui/kit.tsx'

export function AttentionList({ items, isComplete }: { items: readonly Attention[]; isComplete: boolean }) {
  if (items.length === 0) {
    return isComplete ? <Notice tone="good">Nothing needs your attention.</Notice> : null
  }
  return (
    <section class="card" aria-label="Needs attention">
      <div class="card-head">
        <h2>Needs attention</h2>
      </div>
      <ul class="attention">
        {items.map(({ tone, title, text, link, action }) => (
          <li key={title} class={tone}>
            <Icon name="warning" />
            <div class="grow break">
              <strong>{title}</strong>
              <div class="muted small">{text}</div>
            </div>
            <a class="button small" href={link}>
              {action}
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
