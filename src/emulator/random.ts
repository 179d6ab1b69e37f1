import { createHmac } from 'node:crypto'

/** Randomness that a seed repeats: two emulators with one seed give one transcript. */
export interface Random {
  hex (bytes: number): string
  /** At least 0, less than 1. */
  fraction (): number
  reset (): void
}

export function createRandom (seed: number): Random {
  let drawn = 0
  const draw = () => createHmac('sha256', String(seed)).update(String(drawn++)).digest()
  return {
    hex: (bytes) => draw().subarray(0, bytes).toString('hex'),
    fraction: () => draw().readUInt32BE() / 2 ** 32,
    reset () { drawn = 0 }
  }
}
