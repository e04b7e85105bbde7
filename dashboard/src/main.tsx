import { render } from 'preact'
import './styles/base.css'
import './styles/shell.css'
import './styles/components.css'
import './styles/views.css'
import { App } from './app.tsx'
import { applyTheme } from './ui/theme.tsx'

applyTheme()
const root = document.getElementById('app')
if (root !== null) render(<App />, root)
