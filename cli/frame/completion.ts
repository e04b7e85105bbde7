import type { Command } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A command with its words, as shells complete them. */
interface Entry {
  /** Names of the command and its parents: "jobs show"; empty for the program. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly about: string }[]
  readonly options: readonly { readonly name: string; readonly about: string; readonly takesValue: boolean }[]
}

/** Returns a script for the shell that completes the commands and options of the program, made of its definition. */
export function completionScript(shell: Shell, program: Command): string {
  const entries = entriesOf(program, '')
  if (shell === 'bash') return bash(entries)
  return shell === 'zsh' ? zsh(entries) : fish(entries)
}

function entriesOf(command: Command, path: string): Entry[] {
  const children = [...command.commands]
  const options = command.options.flatMap(({ long, description, required, optional }) =>
    long === undefined || long === null
      ? []
      : [{ name: long, about: description, takesValue: required || optional }],
  )
  const entry = {
    path,
    commands: children.map(child => ({ name: child.name(), about: child.description() })),
    options: [...options, { name: '--help', about: 'shows this help', takesValue: false }],
  }
  return [entry, ...children.flatMap(child => entriesOf(child, `${path} ${child.name()}`.trim()))]
}

/** Shell code that puts the path of the command that is being typed into `command`. */
function findCommand(entries: readonly Entry[], words: string): string {
  const paths = entries.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`)
  return `  local command="" word
  for word in ${words}; do
    case "\${command:+$command }$word" in
      ${paths.join('|')}) command="\${command:+$command }$word" ;;
    esac
  done`
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(({ path, commands, options }) => {
    const words = [...commands, ...options].map(({ name }) => name).join(' ')
    return `    "${path}") words="${words}" ;;`
  })
  const valued = new Set(
    entries.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue)).map(({ name }) => name),
  )
  return `# Completes couchette in bash: source <(couchette completion bash)
_couchette() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
${findCommand(entries, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
  case "$previous" in
    ${[...valued].join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$command" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _couchette couchette
`
}

function zsh(entries: readonly Entry[]): string {
  const cases = entries.map(({ path, commands, options }) => {
    const described = [...commands, ...options].map(({ name, about }) => quoted(`${name}:${about}`))
    return `    "${path}") candidates=(${described.join(' ')}) ;;`
  })
  return `#compdef couchette
# Completes couchette in zsh: couchette completion zsh > "\${fpath[1]}/_couchette"
_couchette() {
  local -a candidates
${findCommand(entries, '"${(@)words[2,CURRENT-1]}"')}
  case "$command" in
${cases.join('\n')}
  esac
  _describe couchette candidates || _files
}
if [ "$funcstack[1]" = "_couchette" ]; then _couchette "$@"; else compdef _couchette couchette; fi
`
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, commands, options }) => {
    const condition = `__couchette_at ${quoted(path)}`
    return [
      ...commands.map(
        ({ name, about }) => `complete -c couchette -n ${quoted(condition)} -a ${name} -d ${quoted(about)}`,
      ),
      ...options.map(
        ({ name, about, takesValue }) =>
          `complete -c couchette -n ${quoted(condition)} -l ${name.slice(2)} ${takesValue ? '-r ' : ''}-d ${quoted(about)}`,
      ),
    ]
  })
  const paths = entries.filter(({ path }) => path !== '').map(({ path }) => quoted(path))
  return `# Completes couchette in fish: couchette completion fish > ~/.config/fish/completions/couchette.fish
function __couchette_at
  set -l command
  for word in (commandline -opc)[2..]
    if contains -- (string join -- ' ' $command $word) ${paths.join(' ')}
      set command $command $word
    end
  end
  set -l path (string join -- ' ' $command)
  test "$path" = "$argv[1]"
end
${lines.join('\n')}
`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
