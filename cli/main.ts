#!/usr/bin/env node
import { isOperatorError, isUsageError, VERSION } from '../server/commands/operator-errors.ts'
import { runProgram } from './program.ts'

const code = await runProgram(process.argv.slice(2), {
  version: VERSION,
  isOperatorError,
  isUsageError,
  serve: async args => (await import('../server/commands/serve.ts')).serve(args),
  resetAdmin: async args => (await import('../server/commands/reset-admin.ts')).resetAdmin(args),
  inspect: async args => (await import('../server/commands/inspect.ts')).inspect(args),
  checkConfig: async args => (await import('../server/commands/check-config.ts')).checkConfig(args),
})
// Idle sockets to peers would keep the process for a while.
process.exit(code)
