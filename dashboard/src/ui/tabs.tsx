/** Renders links to the views of a page, of which one is current. */
export function Tabs({
  items,
  current,
}: {
  items: readonly (readonly [id: string, text: string, link: string])[]
  current: string
}) {
  return (
    <nav aria-label="Views">
      <ul class="tabs">
        {items.map(([id, text, link]) => (
          <li key={id}>
            <a href={link} aria-current={id === current ? 'page' : undefined}>
              {text}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
