import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { projectFile } from '../../harness/project.ts'
import { allCommands } from '../cli/run-cli.ts'

export const PAGE = projectFile('docs/command-line.md')
const BEGIN = '<!-- Written by npm run docs:commands -->'
/** Options that every command has; the page describes them once. */
const COMMON = /^ {2}(--url|--profile|--ca|--insecure|--json|-h, --help) /

/** Returns the page with the reference of all commands as the program describes them. */
export function withReference(page: string): string {
  const end = page.indexOf(BEGIN) + BEGIN.length
  const sections = [...allCommands()].map(([name, command]) => section(name, command))
  return `${page.slice(0, end)}\n\n${sections.join('\n')}`
}

function section(name: string, command: Command): string {
  const lines: string[] = []
  command.configureOutput({ writeOut: text => void lines.push(text), getOutHelpWidth: () => 110 })
  command.outputHelp()
  const help = lines
    .join('')
    .split('\n')
    .filter(line => !COMMON.test(line))
    .join('\n')
    .replace(/Options:\n\n/, '')
    .trim()
  return `### ${name}\n\n\`\`\`text\n${help}\n\`\`\`\n`
}

if (process.argv.includes('--write')) writeFileSync(PAGE, withReference(readFileSync(PAGE, 'utf8')))
