/**
 * A string as JSON, quotes included, spelled as CouchDB spells it: like `JSON.stringify`, but for the upper-case
 * digits of escaped control characters.
 */
export function jsonString(text: string): string {
  const json = JSON.stringify(text)
  return json.includes('\\u00') ? json.replace(/\\\\|\\u00[01][0-9a-f]/g, spellControl) : json
}

function spellControl(escape: string): string {
  return escape === '\\\\' ? escape : `\\u${escape.slice(2).toUpperCase()}`
}
