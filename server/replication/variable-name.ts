/** Returns a name as a part of the name of an environment variable. */
export function variableName(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}
