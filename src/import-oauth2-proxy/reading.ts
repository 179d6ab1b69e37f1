import type { Settings } from './settings.ts'

/** What became of a setting that is not simply carried over. */
export interface Note {
  readonly setting: string
  readonly text: string
}

/** Settings as they are read one by one, so that none goes without a word. */
export interface Reading {
  /** The last value; undefined where it is not set, or set to nothing. */
  one (name: string): string | undefined
  all (name: string): readonly string[]
  isOn (name: string, otherwise?: boolean): boolean
  /** Where a value is set, its text is said; where it is not, nothing. */
  noteIfSet (setting: string, text: string): void
  note (setting: string, text: string): void
  readonly notes: readonly Note[]
  /** Settings that nobody has read. */
  unread (): readonly string[]
  /** Settings that are there without a value. */
  empty (): readonly string[]
}

export function createReading (settings: Settings): Reading {
  const notes: Note[] = []
  const read = new Set<string>()
  const all = (name: string): readonly string[] => {
    read.add(name)
    return settings.get(name)?.filter((value) => value !== '') ?? []
  }
  const one = (name: string): string | undefined => all(name).at(-1)
  // A note becomes a comment of the file: what a value brings along must not begin a line of its own.
  const note = (setting: string, text: string): void => { notes.push({ setting, text: text.replace(/\s+/g, ' ') }) }
  return {
    one,
    all,
    note,
    notes,
    isOn: (name, otherwise = false) => ['true', '1', 't'].includes((one(name) ?? String(otherwise)).toLowerCase()),
    noteIfSet (setting, text) {
      read.add(setting)
      if (settings.has(setting)) note(setting, text)
    },
    unread: () => [...settings.keys()].filter((setting) => !read.has(setting)),
    empty: () => [...settings].filter(([, values]) => values.every((value) => value === '')).map(([setting]) => setting)
  }
}
