/** Form in which this page may show an attachment. Anything that could hold a script is never shown as what it is. */
export type PreviewKind = 'image' | 'text' | 'none'

/** Images that browsers decode without running anything; SVG is not among them. */
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'])

const TEXT =
  /^(text\/.+|application\/(.+\+)?(json|xml|javascript|x-yaml|yaml|toml|sql|x-sh)|image\/svg\+xml)$/

export function previewKind(contentType: string): PreviewKind {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
  if (IMAGES.has(type)) return 'image'
  return TEXT.test(type) ? 'text' : 'none'
}
