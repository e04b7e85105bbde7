import type { Config } from '../config/config.ts'
import { parseBoolean, parseInteger, parseNumber, type Setting } from '../config/setting.ts'
import { CHANNEL_SETTINGS } from '../config/settings/operations.ts'

export type Priority = 'ratio' | 'slack' | 'upgrade'

/** The settings of one channel, `[smoosh.CHANNEL]`. */
export interface ChannelSettings {
  readonly priority: Priority
  readonly minPriority: number
  readonly maxPriority: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly minChanges: number
  readonly capacity: number
  readonly concurrency: number
  /** The time of day (UTC) in minutes in which the channel compacts: from 1320 to 360 goes over midnight. */
  readonly window: { readonly from: number; readonly to: number }
  readonly strictWindow: boolean
}

/** Channels whose priority their names say, as in CouchDB. */
const BY_NAME = /^(ratio|slack|upgrade)_/

/** Half a gigabyte of garbage. */
const MIN_SLACK = 536_870_912

const DAY = 24 * 60

/** Reads the settings of a channel as they are now. */
export function channelSettings(config: Config, channel: string): ChannelSettings {
  const text = (key: keyof typeof CHANNEL_SETTINGS): string | undefined =>
    config.get(`smoosh.${channel}`, key)
  const number = (key: keyof typeof CHANNEL_SETTINGS): number | undefined =>
    parseNumber(text(key) ?? '') ?? parseInteger(text(key) ?? '')
  const byDefault = (key: keyof typeof CHANNEL_SETTINGS): number => {
    const setting: Setting = CHANNEL_SETTINGS[key]
    return typeof setting.default === 'number' ? setting.default : 0
  }
  const orDefault = (key: keyof typeof CHANNEL_SETTINGS): number => number(key) ?? byDefault(key)
  const priority = (BY_NAME.exec(channel)?.[1] ??
    text('priority') ??
    CHANNEL_SETTINGS.priority.default) as Priority
  return {
    priority,
    minPriority: number('min_priority') ?? (priority === 'slack' ? MIN_SLACK : byDefault('min_priority')),
    maxPriority: orDefault('max_priority'),
    minBytes: orDefault('min_size'),
    maxBytes: orDefault('max_size'),
    minChanges: orDefault('min_changes'),
    capacity: orDefault('capacity'),
    concurrency: Math.max(1, orDefault('concurrency')),
    window: { from: minutesOf(text('from')) ?? 0, to: minutesOf(text('to')) ?? DAY },
    strictWindow: parseBoolean(text('strict_window') ?? '') ?? false,
  }
}

/** Returns whether the channel may compact at a time of day, in minutes since midnight UTC. */
export function isInWindow({ window: { from, to } }: ChannelSettings, minute: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to
}

export function minuteOfDay(now: Date): number {
  return now.getUTCHours() * 60 + now.getUTCMinutes()
}

function minutesOf(text: string | undefined): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text ?? '') ?? []
  return hours === undefined || minutes === undefined ? undefined : Number(hours) * 60 + Number(minutes)
}
