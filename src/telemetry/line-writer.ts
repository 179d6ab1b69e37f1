import { write, writeSync } from 'node:fs'

/** Takes whole lines and writes them later, many at a time. */
export interface LineWriter {
  write (line: string): void
  /** Writes what waits before it returns: for the end of the process. */
  flushSync (): void
}

interface LineWriterOptions {
  /** How much is written at once at most, but for a line that is longer. */
  readonly chunkBytes?: number
  /** How long a line may wait for company. */
  readonly flushMs?: number
  /** Told what is lost when nobody takes the lines: the next line that finds room. */
  readonly droppedLine: (count: number) => string
}

/** A write of any size costs a thread its wake-up: two hundred lines or so share one. */
const defaultChunkBytes = 65_536
/** A reader that stands still must fill neither the memory nor the time of the gateway: beyond this, lines are dropped and counted. */
const mostWaitingBytes = 8 * 2 ** 20
const longestUtf8Bytes = 3
const askAgainMs = 50
/** How long the end of the process waits for a reader. */
const lastWordMs = 1_000

/**
 * Writes to a file descriptor off the event loop, one write at a time and in order. It replaces sonic-boom, which joins strings
 * and measures them again: that and its smaller writes were most of what a line cost (docs/decisions/0021).
 */
export function createLineWriter (fd: number, { chunkBytes = defaultChunkBytes, flushMs = 500, droppedLine }: LineWriterOptions): LineWriter {
  const waiting: Buffer[] = []
  let waitingBytes = 0
  let chunk = Buffer.allocUnsafeSlow(chunkBytes)
  let usedBytes = 0
  let isWriting = false
  let isBroken = false
  let dropped = 0
  let timer: NodeJS.Timeout | null = null

  function add (line: string): void {
    if (line.length * longestUtf8Bytes > chunkBytes) {
      endChunk()
      wait(Buffer.from(line))
      return
    }
    if (usedBytes + line.length * longestUtf8Bytes > chunkBytes) endChunk()
    usedBytes += chunk.write(line, usedBytes)
    timer ??= setTimeout(flush, flushMs).unref()
  }

  function endChunk (): void {
    if (usedBytes === 0) return
    wait(chunk.subarray(0, usedBytes))
    chunk = Buffer.allocUnsafeSlow(chunkBytes)
    usedBytes = 0
  }

  function wait (lines: Buffer): void {
    waiting.push(lines)
    waitingBytes += lines.length
  }

  function flush (): void {
    timer = null
    endChunk()
    writeNext()
  }

  function writeNext (): void {
    const [next] = waiting
    if (next === undefined || isWriting) return
    isWriting = true
    write(fd, next, (error, writtenBytes) => {
      isWriting = false
      if (error !== null) return failed(error)
      written(next, writtenBytes)
      writeNext()
    })
  }

  function written (next: Buffer, bytes: number): void {
    waitingBytes -= bytes
    if (bytes < next.length) waiting[0] = next.subarray(bytes)
    else waiting.shift()
  }

  function failed (error: NodeJS.ErrnoException): void {
    if (mayPass(error)) setTimeout(writeNext, askAgainMs).unref()
    else isBroken = true // nobody reads any more (EPIPE): the gateway goes on without a log
  }

  function flushSync (): void {
    endChunk()
    const rest = Buffer.concat(isWriting ? waiting.slice(1) : waiting) // what is being written is with a thread that ends it
    const endsAt = performance.now() + lastWordMs
    for (let at = 0; at < rest.length && !isBroken && performance.now() < endsAt;) at += writtenNow(rest.subarray(at))
    waiting.splice(isWriting ? 1 : 0)
    waitingBytes = waiting[0]?.length ?? 0
  }

  function writtenNow (lines: Buffer): number {
    try {
      return writeSync(fd, lines)
    } catch (error) {
      if (!isSystemError(error) || !mayPass(error)) isBroken = true
      return 0
    }
  }

  return {
    flushSync,
    write (line) {
      if (isBroken) return
      if (waitingBytes >= mostWaitingBytes) {
        dropped++
        return
      }
      if (dropped > 0) add(droppedLine(dropped))
      dropped = 0
      add(line)
      if (waiting.length > 0) writeNext()
    }
  }
}

/** A full pipe that does not block, a full disk. */
function mayPass ({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAGAIN' || code === 'ENOSPC'
}

function isSystemError (error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error
}
