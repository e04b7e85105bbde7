import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Branded types, and the file that owns each: it alone casts to them. */
const BRANDS = {
  DocId: 'protocol/document-id.ts',
  Rev: 'protocol/revision.ts',
  Seq: 'protocol/sequence.ts',
  DatabaseName: 'protocol/database-name.ts',
  ReplicationId: 'protocol/replication-id.ts',
  ContentAddress: 'server/attachments/content-address.ts',
  MasterKey: 'server/storage/encryption/master-key.ts',
}

const isBrand = `TSTypeReference[typeName.name=/^(${Object.keys(BRANDS).join('|')})$/]`

export default defineConfig(
  {
    ignores: [
      'dist/',
      'data/',
      'fixtures/',
      'eslint.config.js',
      'ava.engines.config.js',
      'ava.dist.config.js',
      // Runs in the container, beside no module of the project.
      'ops/docker/healthcheck.mjs',
    ],
  },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: `TSAsExpression > ${isBrand}, TSAsExpression > TSArrayType ${isBrand}`,
          message:
            'Branded types are cast to in the files that own them: parse the text, or call asDocId and its like.',
        },
      ],
    },
  },
  { files: Object.values(BRANDS), rules: { 'no-restricted-syntax': 'off' } },
  {
    // What runs inside the sandbox throws and prints whatever a design document throws and prints.
    files: ['server/sandbox/guest/*.ts'],
    rules: {
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
)
