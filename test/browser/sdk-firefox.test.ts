import t from 'tap'
import { scenarios } from './scenarios.ts'

await scenarios(t, 'firefox')
t.end()
