/** A block of code of a document, with what is shown behind it. */
export interface Step {
  /** Commands as they are typed. */
  readonly commands: string
  /** True if they start a server, which goes on. */
  readonly isServer: boolean
  /** Output that is shown, `…` for any text; undefined where none is. */
  readonly shown: string | undefined
}

const BLOCK = /^```(sh server|sh)?\n([\s\S]*?)^```$/gm

/** Returns the steps of a document: blocks of `sh`, each with the block of output that follows it. */
export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = []
  for (const [, kind, text = ''] of markdown.matchAll(BLOCK)) {
    const last = steps.at(-1)
    if (kind !== undefined) steps.push({ commands: text, isServer: kind === 'sh server', shown: undefined })
    else if (last !== undefined) steps[steps.length - 1] = { ...last, shown: text }
  }
  return steps
}

/** Returns a pattern of output that is shown: `…` stands for any text on the lines. */
export function patternOf(shown: string): RegExp {
  const parts = shown
    .trim()
    .split('…')
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[\\s\\S]*?')}$`)
}
