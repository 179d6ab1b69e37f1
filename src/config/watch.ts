import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Files whose content is watched, by whatever way it changes: written in place, replaced, or led elsewhere by a symbolic link. */
export interface WatchedFiles {
  /** Watches these from now on, as they are now. */
  watch (files: readonly string[]): Promise<void>
  close (): void
}

/** Writers write in several steps; what stays the same for this long is taken to be whole. */
const settleMs = 100
/** Some file systems (NFS, a folder behind a link that is exchanged) tell nothing. */
const pollMs = 10_000

/** Calls `onChange` when the content of any file is another one, and not for what leaves it as it was. */
export function watchFiles (onChange: () => void): WatchedFiles {
  let files: readonly string[] = []
  let known: string | null = null
  let seen: string | null = null
  let watchers: readonly FSWatcher[] = []
  let settling: NodeJS.Timeout | undefined
  const polling = setInterval(look, pollMs).unref()

  /** A change counts when it was seen twice. */
  async function lookNow (): Promise<void> {
    settling = undefined
    const content = await fingerprint(files)
    if (content === known) return
    if (content !== seen) {
      seen = content
      return look()
    }
    known = content
    onChange()
  }

  /** The first word of many begins the wait, and none after it makes it longer: a busy folder must not hold it up for ever. */
  function look (): void {
    settling ??= setTimeout(() => { lookNow().catch(() => {}) }, settleMs).unref()
  }

  function stopWatching (): void {
    for (const watcher of watchers) watcher.close()
    watchers = []
  }

  return {
    async watch (newFiles) {
      const isFirst = known === null
      if (isFirst) known = await fingerprint(newFiles)
      files = newFiles
      const folders = await foldersOf(newFiles) // anew each time: links lead elsewhere now
      stopWatching()
      watchers = folders.flatMap((folder) => watchFolder(folder, look))
      if (!isFirst) look() // what changed while nobody watched
    },
    close () {
      stopWatching()
      clearInterval(polling)
      clearTimeout(settling)
    }
  }
}

/** A folder is watched, not the file: a file that is replaced takes its watcher with it. Kubernetes exchanges the link `..data` beside it. */
function watchFolder (folder: string, onEvent: () => void): readonly FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent)
    watcher.on('error', () => {}) // the folder is gone; polling goes on
    return [watcher]
  } catch {
    return []
  }
}

/** Where each file is named, and where its links lead. */
async function foldersOf (files: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(files.map((file) => realpath(file).catch(() => file)))
  return [...new Set([...files, ...real].map(dirname))]
}

/** A hash of everything they hold: no secret is kept to be compared. */
async function fingerprint (files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update('\0').update(await readFile(file).catch(() => 'unreadable')).update('\0')
  return hash.digest('base64')
}
