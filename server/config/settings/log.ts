import type { Setting } from '../setting.ts'

/** Settings of the log. */
export const LOG_SETTINGS = {
  log: {
    level: {
      kind: 'text',
      default: 'warning',
      choices: [
        'debug',
        'info',
        'notice',
        'warning',
        'warn',
        'error',
        'err',
        'critical',
        'crit',
        'alert',
        'emergency',
        'emerg',
        'none',
      ],
      about: '`debug`, `info`, `notice`, `warning`, `error`, `critical`, `alert`, `emergency`, `none`',
    },
    writer: {
      kind: 'text',
      default: 'stderr',
      choices: ['stderr', 'file', 'journald', 'syslog'],
      restart: true,
      about:
        "`stderr`; `file`; `journald`: standard error with systemd's levels; `syslog` writes to standard error",
    },
    file: {
      kind: 'text',
      default: './couch.log',
      restart: true,
      about: 'The file of `file`, within the data directory; opened again on SIGHUP and SIGUSR1',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>
