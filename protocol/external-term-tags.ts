/** Tags of Erlang's external term format (erts, "External Term Format"), and the longest list that may be a string. */
export const NEW_FLOAT = 70
export const SMALL_INTEGER = 97
export const INTEGER = 98
export const ATOM = 100
export const SMALL_TUPLE = 104
export const NIL = 106
export const STRING = 107
export const LIST = 108
export const BINARY = 109
export const SMALL_BIG = 110
export const LARGE_BIG = 111
export const VERSION = 131
export const MAX_STRING = 65535
