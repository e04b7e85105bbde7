import type { Work } from './work.ts'

const HEAD = ['work', 'rate', 'ceiling', 'share', 'wanted']

/** The works' rates beside their ceilings, in a table of Markdown. */
export function table(works: readonly Work[], rateOf: (name: string) => number): string {
  const rows = works.map(({ name, unit, ceiling, wanted }) => {
    const rate = rateOf(name)
    const limit = rateOf(ceiling)
    const share = Number.isNaN(limit) ? '' : percent(rate / limit)
    return [name, `${thousands(rate)} ${unit}`, `${ceiling} ${thousands(limit)}`, share, percent(wanted)]
  })
  return markdown([HEAD, ...rows])
}

export function markdown([head = [], ...rows]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

export function thousands(rate: number): string {
  return Number.isNaN(rate) ? 'not measured' : Math.round(rate).toLocaleString('en')
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`
}
