import type { Evidence } from './disk.ts'
import type { OnDamage, Recovery } from './recovery.ts'
import type { LevelDisk } from './level-disk.ts'
import { databaseOfKey } from '../keys.ts'
import { StoreUnavailableError } from '../unavailable.ts'

const INSPECTIONS = 3
const LOOK_AGAIN_MS = 50

/**
 * Looks at the logs of a store before it is opened: LevelDB passes over what is damaged there without a word, and removes
 * the logs.
 */
export class RecoveryCheck {
  readonly #disk: LevelDisk
  readonly #onDamage: OnDamage
  readonly #databases = new Set<number>()
  #acknowledged = 0
  #hasWitness = false
  #wasCut = false
  #damage: string | undefined
  #doubt: string | undefined
  #evidence: Evidence | undefined

  constructor(disk: LevelDisk, onDamage: OnDamage) {
    this.#disk = disk
    this.#onDamage = onDamage
  }

  get result(): Recovery {
    return {
      wasCut: this.#wasCut,
      databases: this.#databases,
      damage: this.#damage,
      doubt: this.#doubt,
      checked: () => this.#disk.noteUnchecked([]),
    }
  }

  /** @throws {StoreUnavailableError} where something is missing, and that is to be refused */
  async beforeOpening(): Promise<void> {
    const unchecked = await this.#disk.unchecked()
    for (const database of unchecked) this.#databases.add(database)
    await this.#inspect()
    if (unchecked.length > 0) this.#wasCut = true
    // Opening the store moves the logs, which then tell no other start what to look at.
    if (this.#wasCut || this.#damage !== undefined) await this.#disk.noteUnchecked([...this.#databases])
  }

  async #inspect(): Promise<void> {
    const last = this.#disk.lastRun()
    this.#hasWitness = last !== undefined
    this.#acknowledged = last?.mark ?? 0
    this.#wasCut = last?.closed !== true
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === INSPECTIONS
      const missing = await this.#missing().catch((error: unknown) => {
        if (isLast) throw error
        return 'a file that is missing now'
      })
      if (missing === undefined) return
      if (isLast) return this.#found(missing)
      // A process that holds the store moves its logs while they are read: opening it shows that.
      await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  /** @throws {StoreUnavailableError} as above */
  async afterOpening(mark: number): Promise<void> {
    if (mark > 0 && !this.#hasWitness) this.#doubt = doubtOf(this.#disk.place)
    if (mark < this.#acknowledged && this.#damage === undefined)
      await this.#found(endsBefore(mark, this.#acknowledged))
  }

  async #missing(): Promise<string | undefined> {
    const { damage, mark } = await this.#disk.inspect(key => this.#note(key))
    if (damage !== undefined) return damage
    return mark !== undefined && mark < this.#acknowledged ? endsBefore(mark, this.#acknowledged) : undefined
  }

  #note(key: Uint8Array): void {
    const database = databaseOfKey(key)
    if (database !== undefined) this.#databases.add(database)
  }

  async #found(missing: string): Promise<void> {
    const { place } = this.#disk
    const what = `Acknowledged writes are missing from the data in ${place}: ${missing}.`
    if (this.#onDamage === 'refuse') {
      throw new StoreUnavailableError(
        `${what} Restore a backup or replicate from another server; to start with what is left, set [couchette] on_damage = report.`,
      )
    }
    this.#evidence ??= await this.#disk.keepEvidence(true)
    this.#damage = `${what} The server starts with what is left, as [couchette] on_damage = report says; its logs and tables as they were found are kept in ${this.#evidence.path}.`
  }
}

function endsBefore(mark: number, acknowledged: number): string {
  return `its log ends with batch ${mark}, and batch ${acknowledged} was acknowledged`
}

function doubtOf(place: string): string {
  return (
    `The file ACKNOWLEDGED in ${place} is missing or damaged: nothing tells whether the last acknowledged writes are there. ` +
    'If the directory was copied by hand, copy it again, whole; if not, look after the disk.'
  )
}
