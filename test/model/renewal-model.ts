import type { Model, Step } from './checker.ts'

/** Which parts of the protocol are there; each is left out once, to see the checker find what it was for. */
export interface Protocol {
  /** One renewal per session at a time. */
  readonly lease: boolean
  /** The session is read again once the lease is held. */
  readonly reread: boolean
  /** Before AIHubMix is asked the lease is confirmed, for longer than the call may take. */
  readonly hold: boolean
  /** Saves and endings name the revision they have read. */
  readonly fencing: boolean
  /** New tokens are stored before anything is served with them. */
  readonly saveBeforeUse: boolean
  /** A holder releases its own lease only. */
  readonly ownRelease: boolean
}

export const wholeProtocol: Protocol = { lease: true, reread: true, hold: true, fencing: true, saveBeforeUse: true, ownRelease: true }

/** How much goes wrong, and how often what. */
export interface World {
  readonly replicas: number
  /** How often an access token is about to run out. */
  readonly renewals: number
  readonly crashes: number
  /** Answers of AIHubMix that do not arrive, the token spent or not. */
  readonly lostAnswers: number
  /** Commands to the store that fail, carried out or not. */
  readonly storeFaults: number
  readonly signOuts: number
  /** Saves by a request beside the renewal (a top-up begins). */
  readonly otherSaves: number
  /** Leases that run out under a replica that was stopped, or cut off, longer than the lease lasts, between its call and its save. */
  readonly longStalls: number
  /** A spent refresh token that comes again ends the whole grant (RFC 9700 §4.14.2), or is only refused. */
  readonly reuseDetection: boolean
}

type At =
  | 'idle' | 'wants-lease' | 'has-lease' | 'has-read' | 'may-spend' | 'asked' | 'answered' | 'refused'
  | 'has-tokens' | 'save-was-late' | 'is-over' | 'done'

/** One replica at work on the one session. Generations number the refresh tokens: each renewal spends one and brings the next. */
interface Replica {
  readonly at: At
  /** The store's lease is this replica's own; it may believe so longer. */
  readonly holds: boolean
  /** What it has read. */
  readonly revision: number
  readonly generation: number
}

interface State {
  readonly replicas: readonly Replica[]
  /** null: ended */
  readonly session: { readonly revision: number, readonly generation: number } | null
  readonly wasSignedOut: boolean
  /** A lease nobody alive knows of. */
  readonly strayLease: boolean
  /** The lease was confirmed for the length of a call. */
  readonly isLongLease: boolean
  /** The refresh token AIHubMix takes; a spent one means theft, and nothing is taken from then on. */
  readonly valid: number
  readonly isRevoked: boolean
  readonly reuseDetection: boolean
  /** Requests on their way whose sender is gone, by generation. */
  readonly orphans: readonly number[]
  /** By generation: how often AIHubMix got it, and whether the one exception applies. */
  readonly spent: readonly number[]
  readonly excused: readonly boolean[]
  /** The newest generation a request was served with. */
  readonly served: number
  readonly hasEndedGood: boolean
  /** Access tokens below this generation are about to run out. */
  readonly due: number
  readonly left: Omit<World, 'replicas' | 'renewals' | 'reuseDetection'>
}

const idle: Replica = { at: 'idle', holds: false, revision: 0, generation: 0 }

/** The renewal of one session by several replicas over one store, as src/login/renewal.ts and renew-session.ts do it. */
export function renewalModel (world: World, protocol: Protocol = wholeProtocol): Model<State> {
  const { replicas, renewals, reuseDetection, ...left } = world
  return {
    start: {
      replicas: Array.from({ length: replicas }, () => idle),
      session: { revision: 0, generation: 0 },
      wasSignedOut: false,
      strayLease: false,
      isLongLease: false,
      valid: 0,
      isRevoked: false,
      reuseDetection,
      orphans: [],
      spent: [],
      excused: [],
      served: 0,
      hasEndedGood: false,
      due: 0,
      left
    },
    steps: (state) => [
      ...state.replicas.flatMap((replica, index) => stepsOf(state, replica, index, protocol)),
      ...surroundings(state, renewals, protocol)
    ],
    // Replicas are alike: which of them is where makes no difference.
    key: ({ replicas, left, ...shared }) => `${replicas.map((replica) => Object.values(replica).join()).toSorted().join(';')}|${Object.values(left).join()}|${JSON.stringify(Object.values(shared))}`,
    broken,
    isSettled: ({ replicas, session, due }) => replicas.every(({ at }) => at === 'idle') && (session === null || session.generation >= due)
  }
}

function broken ({ session, wasSignedOut, spent, excused, served, hasEndedGood }: State): string | null {
  if (spent.some((times, generation) => times > 1 && excused[generation] !== true)) return 'a refresh token was spent twice'
  if (hasEndedGood) return 'a session whose refresh token is good was ended'
  if (session === null && !wasSignedOut && !excused.includes(true)) return 'a session was lost'
  if (session !== null && wasSignedOut) return 'a session that was signed out came back'
  if (session !== null && session.generation < served) return 'a request was served with tokens the store does not have'
  return null
}

/** What one replica does next. */
function stepsOf (state: State, replica: Replica, index: number, protocol: Protocol): readonly Step<State>[] {
  const { session, left } = state
  const go = (at: At, more: Partial<Replica> = {}): Pick<State, 'replicas'> => ({ replicas: state.replicas.with(index, { ...replica, at, ...more }) })
  const own = (name: string, changes: Partial<State>): Step<State> => ({ name: `${name} (${replica.at})`, to: { ...state, ...changes }, isFault: false })
  const fault = (name: string, budget: keyof State['left'], changes: Partial<State>): readonly Step<State>[] =>
    left[budget] === 0 ? [] : [{ name: `${name} (${replica.at})`, to: { ...state, ...changes, left: { ...left, [budget]: left[budget] - 1 } }, isFault: true }]
  const forget = { revision: 0, generation: 0 }
  const finished = { ...go('idle', { ...forget, holds: false }), strayLease: state.strayLease || replica.holds }
  const isFree = !state.strayLease && state.replicas.every(({ holds }) => !holds)
  const excused = withAt(state.excused, replica.generation, true)

  switch (replica.at) {
    case 'idle': // a request reads the session; what is due begins a renewal
      return session === null || session.generation >= state.due ? [] : [own('a request', go('wants-lease', session))]

    case 'wants-lease':
      if (protocol.lease && !isFree) return [own('waits for another', go('idle', forget)), ...fault('store fails', 'storeFaults', go('idle', forget))]
      return [
        own('takes the lease', { ...go('has-lease', { holds: protocol.lease }), isLongLease: false }),
        ...fault('store fails', 'storeFaults', go('idle', forget)),
        ...(protocol.lease ? fault('takes the lease, unheard', 'storeFaults', { ...go('idle', forget), strayLease: true, isLongLease: false }) : [])
      ]

    case 'has-lease':
      if (!protocol.reread) return [own('trusts what it read before', go('has-read'))]
      return [
        own('reads again', session === null ? go('done') : go('has-read', session)),
        ...fault('store fails', 'storeFaults', go('done'))
      ]

    case 'has-read':
      if (replica.generation >= state.due) return [own('finds it renewed', go('done'))]
      if (!protocol.hold) return [own('goes on', go('may-spend'))]
      return [
        replica.holds || !protocol.lease ? own('confirms the lease', { ...go('may-spend'), isLongLease: true }) : own('has lost the lease', go('idle', forget)),
        ...fault('store fails', 'storeFaults', go('done'))
      ]

    case 'may-spend': // the clock is looked at in the very turn in which the request leaves
      return protocol.hold && protocol.lease && !replica.holds ? [own('is too late', go('idle', forget))] : [own('asks AIHubMix', go('asked'))]

    case 'asked':
      return [
        own('AIHubMix decides', { ...atAihubmix(state, replica.generation), ...go(takes(state, replica.generation) ? 'answered' : 'refused') }),
        ...fault('no answer in time', 'lostAnswers', { ...go('done'), orphans: [...state.orphans, replica.generation].toSorted(), excused })
      ]

    case 'answered':
      return [
        own('the answer arrives', { ...go('has-tokens'), served: protocol.saveBeforeUse ? state.served : Math.max(state.served, replica.generation + 1) }),
        ...fault('the answer is lost', 'lostAnswers', { ...go('done'), excused })
      ]

    case 'refused':
      return [own('invalid_grant arrives', go('is-over')), ...fault('the answer is lost', 'lostAnswers', go('done'))]

    case 'has-tokens': {
      const revision = (session?.revision ?? 0) + 1
      const saved = { session: { revision, generation: replica.generation + 1 } }
      const fits = protocol.fencing ? session !== null && session.revision === replica.revision : true
      return [
        fits
          ? own('saves', { ...saved, ...go('done'), served: Math.max(state.served, replica.generation + 1) })
          : own('meets another revision', go('save-was-late')),
        ...fault('store fails', 'storeFaults', {}),
        ...(fits ? fault('saves, unheard', 'storeFaults', saved) : [])
      ]
    }

    case 'save-was-late':
      return session === null
        ? [own('finds it signed out', go('done'))]
        : [own('reads what came between', go('has-tokens', { revision: session.revision })), ...fault('store fails', 'storeFaults', {})]

    case 'is-over': {
      const fits = session !== null && (!protocol.fencing || session.revision === replica.revision)
      const ended = { session: null, hasEndedGood: session !== null && takes(state, session.generation) }
      return [
        own(fits ? 'ends the session' : 'leaves the newer revision alone', { ...(fits ? ended : {}), ...go('done') }),
        ...fault('store fails', 'storeFaults', go('done')),
        ...(fits ? fault('ends the session, unheard', 'storeFaults', { ...ended, ...go('done') }) : [])
      ]
    }

    case 'done': // the lease is given back; what fails here runs out by itself
      return [
        own('releases', protocol.ownRelease
          ? go('idle', { ...forget, holds: false })
          : { strayLease: false, replicas: state.replicas.map((other, number) => number === index ? idle : { ...other, holds: false }) }),
        ...fault('store fails', 'storeFaults', finished)
      ]
  }
}

/** What happens around the replicas. */
function surroundings (state: State, renewals: number, protocol: Protocol): readonly Step<State>[] {
  const { session, left, replicas, orphans } = state
  const fault = (name: string, budget: keyof State['left'], changes: Partial<State>): readonly Step<State>[] =>
    left[budget] === 0 ? [] : [{ name, to: { ...state, ...changes, left: { ...left, [budget]: left[budget] - 1 } }, isFault: true }]
  const own = (name: string, changes: Partial<State>): Step<State> => ({ name, to: { ...state, ...changes }, isFault: false })

  const crash = (replica: Replica, index: number) => fault(`crash (${replica.at})`, 'crashes', {
    replicas: replicas.with(index, idle),
    strayLease: state.strayLease || replica.holds,
    ...(['asked', 'answered', 'has-tokens', 'save-was-late'].includes(replica.at) ? { excused: withAt(state.excused, replica.generation, true) } : {}),
    ...(replica.at === 'asked' ? { orphans: [...orphans, replica.generation].toSorted() } : {})
  })

  /** A short lease runs out under a replica that stands still a moment; a confirmed one outlives the call and the save. */
  const expire = (replica: Replica, index: number): readonly Step<State>[] => {
    if (!replica.holds) return []
    const without = { replicas: replicas.with(index, { ...replica, holds: false }) }
    const isInCall = ['asked', 'answered', 'has-tokens', 'save-was-late'].includes(replica.at)
    if (!isInCall || !protocol.hold || !state.isLongLease) return [{ name: `the lease runs out (${replica.at})`, to: { ...state, ...without }, isFault: true }]
    return fault(`the long lease runs out (${replica.at})`, 'longStalls', { ...without, excused: withAt(state.excused, replica.generation, true) })
  }

  return [
    ...(state.due < renewals && session !== null && session.generation >= state.due ? [{ name: 'time passes', to: { ...state, due: state.due + 1 }, isFault: true }] : []),
    ...(state.strayLease ? [own('a lease of nobody runs out', { strayLease: false })] : []),
    ...orphans.map((generation, index) => own('AIHubMix decides for nobody', { ...atAihubmix(state, generation), orphans: orphans.toSpliced(index, 1) })),
    ...replicas.flatMap(crash),
    ...replicas.flatMap(expire),
    ...(session === null ? [] : fault('signs out', 'signOuts', { session: null, wasSignedOut: true })),
    ...(session === null ? [] : fault('another save', 'otherSaves', { session: { ...session, revision: session.revision + 1 } }))
  ]
}

function takes ({ valid, isRevoked }: State, generation: number): boolean {
  return !isRevoked && generation === valid
}

function atAihubmix (state: State, generation: number): Partial<State> {
  if (state.isRevoked) return {} // refused, and nothing was spent by it
  const spent = withAt(state.spent, generation, (state.spent[generation] ?? 0) + 1)
  return takes(state, generation) ? { spent, valid: generation + 1 } : { spent, isRevoked: state.reuseDetection }
}

function withAt<Value extends number | boolean> (list: readonly Value[], index: number, value: Value): readonly Value[] {
  return Array.from({ length: Math.max(list.length, index + 1) }, (_value, at) => at === index ? value : list[at] ?? (typeof value === 'number' ? 0 : false) as Value)
}
