/** Tests that need programs which npm does not install: `npm run test:engines`. They fail where one is missing. */
export default {
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  require: ['./test/helpers/end-of-file.ts'],
  environmentVariables: { COUCHETTE_TEST_FILE_MINUTES: process.env.COUCHETTE_TEST_FILE_MINUTES ?? '30' },
  files: ['test/engines/**/*.test.ts'],
  timeout: '5m',
  concurrency: 1,
}
