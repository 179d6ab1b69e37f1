import neostandard, { resolveIgnoresFromGitignore } from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: resolveIgnoresFromGitignore() }),
  { rules: { '@stylistic/space-before-function-paren': ['error', 'always'] } }
]
