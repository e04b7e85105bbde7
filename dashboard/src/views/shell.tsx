import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { signOut } from '../api/session.ts'
import { linkTo, type Place } from '../lib/location.ts'
import { usePlace, useResource } from '../ui/hooks.ts'
import { Icon, type IconName } from '../ui/icon.tsx'
import { Button, Loading, Notice } from '../ui/kit.tsx'
import { Logo } from '../ui/logo.tsx'
import { useSession } from '../ui/session.tsx'
import { ThemeButton } from '../ui/theme.tsx'
import { NotFound } from './not-found.tsx'

const SECTIONS: readonly { id: string; text: string; icon: IconName; admin: boolean }[] = [
  { id: '', text: 'Overview', icon: 'overview', admin: false },
  { id: 'databases', text: 'Databases', icon: 'database', admin: false },
  { id: 'replications', text: 'Replications', icon: 'replication', admin: true },
  { id: 'users', text: 'Users', icon: 'users', admin: true },
  { id: 'configuration', text: 'Configuration', icon: 'settings', admin: true },
  { id: 'operations', text: 'Operations', icon: 'operations', admin: true },
]

type SectionView = ComponentType<{ place: Place }>

/** Each section is a script of its own that is loaded when it is first opened. */
const VIEWS: Readonly<Record<string, () => Promise<{ default: SectionView }>>> = {
  '': () => import('./overview/overview.tsx'),
  databases: () => import('./databases/databases.tsx'),
  db: () => import('./database/database.tsx'),
  replications: () => import('./replications/replications.tsx'),
  users: () => import('./users/users.tsx'),
  configuration: () => import('./configuration/configuration.tsx'),
  operations: () => import('./operations/operations.tsx'),
}

export function Shell() {
  const place = usePlace()
  const main = useRef<HTMLElement>(null)
  const path = place.segments.join('/')
  const [first] = useState(path)
  // Screen readers go on at the new view; the page that was loaded keeps its own focus.
  useEffect(() => {
    if (path !== first) main.current?.focus()
  }, [path, first])
  return (
    <div class="shell">
      <a class="skip" href={location.hash} onClick={event => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Sidebar section={place.segments[0] ?? ''} path={path} />
      <main class="main" ref={main} tabIndex={-1}>
        <View place={place} />
      </main>
    </div>
  )
}

function View({ place }: { place: Place }) {
  const { admin } = useSession()
  const section = place.segments[0] ?? ''
  const isClosed = SECTIONS.some(({ id, admin: only }) => id === section && only && !admin)
  const load = isClosed || !Object.hasOwn(VIEWS, section) ? undefined : VIEWS[section]
  return load === undefined ? <NotFound /> : <LoadedSection key={section} load={load} place={place} />
}

interface LoadedSectionProps {
  readonly load: () => Promise<{ default: SectionView }>
  readonly place: Place
}

/** Fails where the node was updated while the page was open: its new page names other files. */
function LoadedSection({ load, place }: LoadedSectionProps) {
  const module = useResource(load, [])
  const View = module.data?.default
  if (View !== undefined) return <View place={place} />
  if (module.error === undefined) return <Loading />
  return (
    <Notice tone="warn">
      <div class="row between">
        This part of the dashboard could not be loaded. The node may have been updated.
        <Button onClick={() => location.reload()}>Load the page again</Button>
      </div>
    </Notice>
  )
}

function Sidebar({ section, path }: { section: string; path: string }) {
  const [open, setOpen] = useState(false)
  const { admin, user, reload } = useSession()
  useEffect(() => setOpen(false), [path])
  const current = section === 'db' ? 'databases' : section
  return (
    <header class={open ? 'sidebar open' : 'sidebar'}>
      <a class="brand" href={linkTo([])}>
        <Logo /> Couchette
      </a>
      <span class="menu-button">
        <Button icon="menu" label="Menu" expanded={open} onClick={() => setOpen(!open)} />
      </span>
      <nav aria-label="Sections">
        <ul class="nav">
          {SECTIONS.filter(({ admin: only }) => admin || !only).map(({ id, text, icon }) => (
            <li key={id}>
              <a href={linkTo(id === '' ? [] : [id])} aria-current={id === current ? 'page' : undefined}>
                <Icon name={icon} /> {text}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="account">
        <div class="row">
          <span class="ellipsis" title={user.roles.join(', ')}>
            {user.name ?? 'Everybody is administrator'}
          </span>
          <ThemeButton />
        </div>
        {user.name !== null && (
          <Button small onClick={() => void signOut().then(reload)}>
            Sign out
          </Button>
        )}
      </div>
    </header>
  )
}
