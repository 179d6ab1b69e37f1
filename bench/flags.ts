import { parseArgs } from 'node:util'

export const help = `npm run bench -- [OPTIONS]

  --rounds N            rounds of each set, interleaved; default 9
  --seconds S           length of one measured window; default 5
  --connections N       keep-alive connections; default 32
  --set NAME            may be repeated; default all:
                          1k, 64k        CPU, requests/s, latency at saturation, memory; small answers and large ones
                          equal-load     latency where all are offered what the slowest can do to 60 %
                          sessions       1, 200 and 2,000 users signed in and in use
                          routes         1, 100 and 1,000 of them
                          connections    1, 32, 256 and 1,000 of them
                          streams        WebSocket messages, events to many, what an idle connection costs
                          sign-out       how soon a sign-out is seen on another replica
                          start          start-up time, memory at rest
  --only TEXT           only candidates whose name holds this text; may be repeated
  --compare DIR         measures the gateway of another copy of the tree as well; may be repeated
  --oauth2-proxy FILE   its binary; default: on the PATH or in ~/go/bin
  --out FILE            default bench/results/<date>.md, which the same day's next run replaces
  --profile             runs only the gateway, under load and the CPU profiler, and prints the top self times;
                        with --compare the other tree's, with --out the .cpuprofile is kept there`

export type SetName = '1k' | '64k' | 'equal-load' | 'sessions' | 'routes' | 'connections' | 'streams' | 'sign-out' | 'start'

export interface Flags {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  readonly sets: readonly SetName[]
  readonly only: readonly string[]
  readonly compare: readonly string[]
  readonly oauth2Proxy: string | null
  readonly out: string | null
  readonly profile: boolean
}

const setNames: readonly SetName[] = ['1k', '64k', 'equal-load', 'sessions', 'routes', 'connections', 'streams', 'sign-out', 'start']

/** Null when help was asked for, or what was asked for does not exist. */
export function readFlags (argv: readonly string[]): Flags | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        rounds: { type: 'string', default: '9' },
        seconds: { type: 'string', default: '5' },
        connections: { type: 'string', default: '32' },
        set: { type: 'string', multiple: true, default: [...setNames] },
        only: { type: 'string', multiple: true, default: [] },
        compare: { type: 'string', multiple: true, default: [] },
        'oauth2-proxy': { type: 'string' },
        out: { type: 'string' },
        profile: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false }
      }
    })
    if (values.help) return null
    return {
      rounds: positive(values.rounds),
      seconds: positive(values.seconds),
      connections: positive(values.connections),
      sets: values.set.map(setName),
      only: values.only,
      compare: values.compare,
      oauth2Proxy: values['oauth2-proxy'] ?? null,
      out: values.out ?? null,
      profile: values.profile
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return null
  }
}

function positive (text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`"${text}" is no whole number from 1`)
  return number
}

function setName (text: string): SetName {
  const name = setNames.find((known) => known === text)
  if (name === undefined) throw new RangeError(`there is no set "${text}"`)
  return name
}
