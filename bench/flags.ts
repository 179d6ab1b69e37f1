import { parseArgs } from 'node:util'

export const help = `npm run bench -- [OPTIONS]

  --rounds N            rounds of each set, interleaved, every other one backwards; default 9 (idle: 3 at most)
  --seconds S           length of one measured window; default 5
  --connections N       keep-alive connections; default 32
  --set NAME            may be repeated; default all:
                          1k, 64k        CPU, requests/s, latency at saturation, memory; small answers and large ones
                          equal-load     latency where all are offered what the slowest can do to 60 %, each request at its own moment
                          sessions       1 and 10,000 sessions in use: CPU and memory, beside oauth2-proxy
                          miss           each request of a session this process does not have: Redis and decryption every time
                          stored         1, 10,000 and 100,000 sessions in Redis, 200 of them in use
                          routes         1, 100 and 1,000 of them
                          connections    32, 1, 256 and 1,000 of them
                          workers        one and two, and the two ways in which two can share a listener
                          streams        WebSocket messages and events to many, beside nginx and oauth2-proxy
                          idle           memory of 1,000 and 10,000 idle connections and WebSockets; answers beside them
                          sign-out       how soon a sign-out is seen on another replica
                          start          start-up time, memory at rest
  --only TEXT           in 1k, 64k, equal-load and start: only candidates whose name holds this text; may be repeated
  --compare DIR         in the same sets: the gateway of another copy of the tree as well; may be repeated
  --oauth2-proxy FILE   its binary; default: on the PATH or in ~/go/bin
  --out FILE            default bench/results/<date>.md, which the same day's next run replaces
  --profile             runs only the gateway, under load and the CPU profiler, and prints the top self times;
                        with --compare the other tree's, with --out the .cpuprofile is kept there

Before it is measured, each candidate must answer 200 to a user who is signed in, tell the app who that is, and let in nobody else. All
log into a file, or not at all: "log on" is to be compared with "log on". The gateway runs with the flags of its image. All of it with
--rounds 4 --seconds 2 takes some 20 minutes.`

const setNames = ['1k', '64k', 'equal-load', 'sessions', 'miss', 'stored', 'routes', 'connections', 'workers', 'streams', 'idle', 'sign-out', 'start'] as const

export type SetName = typeof setNames[number]

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
