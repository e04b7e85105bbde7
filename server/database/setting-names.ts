/** The name of the setting that holds a database's `_security`. */
export const SECURITY_SETTING = 'security'
