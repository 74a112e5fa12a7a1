import neostandard from 'neostandard'

export default [
  { ignores: ['dist/', 'coverage/', 'types/options.ts'] },
  ...neostandard({ ts: true }),
  {
    rules: {
      '@stylistic/max-len': ['error', { code: 220 }]
    }
  }
]
