/** Any JSON value, as `JSON.parse` gives it. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject

/** A JSON object. Its members may have any name, `__proto__` too: read them with `Object.hasOwn` first. */
export interface JsonObject {
  [name: string]: JsonValue
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
