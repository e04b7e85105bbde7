/** Tests that need programs which npm does not install: `npm run test:engines`. They fail where one is missing. */
export default {
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  files: ['test/engines/**/*.test.ts'],
  timeout: '5m',
  concurrency: 1,
}
