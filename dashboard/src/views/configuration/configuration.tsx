import { useState } from 'preact/hooks'
import { listSettings, putSetting, resetSetting, type SettingInfo } from '../../api/node.ts'
import { linkTo, type Place } from '../../lib/location.ts'
import { navigate, useAction, useResource } from '../../ui/hooks.ts'
import { Badge, Button, Check, Empty, ErrorNotice, Loaded, Page, Select, TextInput } from '../../ui/kit.tsx'
import { toast } from '../../ui/toasts.tsx'

/** Every setting with what it does, its value, where that comes from, and whether a change waits for a restart. */
export default function Configuration({ place }: { place: Place }) {
  const { text = '', set = '' } = place.params
  const settings = useResource(listSettings, [])
  const go = (changes: Record<string, string>) =>
    navigate(linkTo(['configuration'], { text, set, ...changes }), { replace: true })
  return (
    <Page
      title="Configuration"
      lead="A change holds at once and is kept, unless the setting says that it waits for a restart."
    >
      <div class="stack">
        <div class="card toolbar">
          <div class="search">
            <TextInput
              type="search"
              label="Find settings by name or description"
              placeholder="Name or description…"
              value={text}
              onInput={value => go({ text: value })}
            />
          </div>
          <Check checked={set === 'true'} onChange={value => go({ set: value ? 'true' : '' })}>
            Only what is set
          </Check>
        </div>
        <Loaded resource={settings}>
          {all => {
            const sections = groupBySection(all.filter(setting => matches(setting, text, set === 'true')))
            return sections.length === 0 ? (
              <div class="card">
                <Empty title="No setting matches." />
              </div>
            ) : (
              <>
                {sections.map(([section, found]) => (
                  <SectionTable key={section} section={section} settings={found} onChange={settings.reload} />
                ))}
              </>
            )
          }}
        </Loaded>
      </div>
    </Page>
  )
}

function matches({ section, key, about, value }: SettingInfo, text: string, onlySet: boolean): boolean {
  if (onlySet && value === null) return false
  const sought = text.trim().toLowerCase()
  return `${section}/${key} ${key} ${about}`.toLowerCase().includes(sought)
}

function groupBySection(settings: readonly SettingInfo[]): [string, SettingInfo[]][] {
  const groups = new Map<string, SettingInfo[]>()
  for (const setting of settings)
    groups.set(setting.section, [...(groups.get(setting.section) ?? []), setting])
  return [...groups]
}

interface SectionProps {
  readonly section: string
  readonly settings: readonly SettingInfo[]
  readonly onChange: () => void
}

function SectionTable({ section, settings, onChange }: SectionProps) {
  return (
    <section class="card" aria-label={section}>
      <div class="card-head">
        <h2>[{section}]</h2>
      </div>
      <div class="table-wrap">
        <table class="settings">
          <tbody>
            {settings.map(setting => (
              <Row key={setting.key} setting={setting} onChange={onChange} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Row({ setting, onChange }: { setting: SettingInfo; onChange: () => void }) {
  const [editing, setEditing] = useState(false)
  const { key, about, value, source, restart, unit } = setting
  const isProtected = setting.section === 'admins' || setting.section === 'jwt_keys'
  return (
    <tr>
      <td class="break">
        <code>{key}</code>
        <div class="small muted">
          <Marked text={about} />
        </div>
      </td>
      <td class="break">
        {editing ? (
          <Editor
            setting={setting}
            onClose={() => setEditing(false)}
            onDone={() => (setEditing(false), onChange())}
          />
        ) : (
          <>
            <span class={value === null ? 'muted' : undefined}>
              {shown(value ?? setting.default)}{' '}
              {unit !== undefined && <span class="muted small">{unit}</span>}
            </span>
            {value !== null && setting.default !== '' && (
              <div class="small muted">The default is {setting.default}.</div>
            )}
          </>
        )}
      </td>
      <td>
        <span class="row">
          {source !== '' && <Badge tone={source === 'default' ? 'plain' : 'info'}>{source}</Badge>}
          {restart && <Badge tone="warn">needs a restart</Badge>}
        </span>
      </td>
      <td class="actions">
        {!editing && !isProtected && (
          <Button small label={`Change ${setting.section}/${key}`} onClick={() => setEditing(true)}>
            Change
          </Button>
        )}
      </td>
    </tr>
  )
}

/** Renders a description, with text between backticks set as code. */
function Marked({ text }: { text: string }) {
  return (
    <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>
  )
}

function shown(value: string): string {
  return value === '' ? '(empty)' : value
}

interface EditorProps {
  readonly setting: SettingInfo
  readonly onClose: () => void
  readonly onDone: () => void
}

function Editor({ setting, onClose, onDone }: EditorProps) {
  const { section, key, kind, choices } = setting
  const isSecret = setting.value === '****'
  const [value, setValue] = useState(isSecret ? '' : (setting.value ?? setting.default))
  const { busy, error, run } = useAction()
  const done = (sentence: string) => {
    toast(setting.restart ? `${sentence} It holds from the next start on.` : sentence)
    onDone()
  }
  const save = (event: Event) => {
    event.preventDefault()
    run(async () => {
      await putSetting(section, key, value)
      done(`${section}/${key} is set.`)
    })
  }
  const reset = () =>
    run(async () => {
      await resetSetting(section, key)
      done(`${section}/${key} has its default again.`)
    })
  const options = kind === 'boolean' ? ['true', 'false'] : choices
  return (
    <form class="stack tight" onSubmit={save}>
      {options === undefined ? (
        <TextInput label={`Value of ${section}/${key}`} value={value} onInput={setValue} autofocus />
      ) : (
        <Select
          label={`Value of ${section}/${key}`}
          value={value}
          onChange={setValue}
          options={options.map(option => [option, option] as const)}
        />
      )}
      <ErrorNotice error={error} />
      <div class="row">
        <Button small type="submit" kind="primary" disabled={busy}>
          Save
        </Button>
        {setting.value !== null && (
          <Button small disabled={busy} onClick={reset}>
            Back to the default
          </Button>
        )}
        <Button small kind="quiet" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </form>
  )
}
