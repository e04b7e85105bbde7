const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const

export type Colour = keyof typeof CODES

/** Returns what gives text a colour; without colours, the text as it is. */
export function painter(enabled: boolean): (text: string, colour: Colour) => string {
  return (text, colour) => (enabled ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text)
}
