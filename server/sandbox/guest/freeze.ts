import { freeze, isArray, isObject, namesOf } from './builtins.ts'

/** Freezes a value and all that it holds: the functions of several views are given the same document. */
export function deepFreeze(value: object): void {
  freeze(value)
  if (isArray(value)) {
    for (let at = 0; at < value.length; at++) if (isObject(value[at])) deepFreeze(value[at] as object)
    return
  }
  const names = namesOf(value)
  for (let at = 0; at < names.length; at++) {
    const member = (value as Record<string, unknown>)[names[at] as string]
    if (isObject(member)) deepFreeze(member)
  }
}
