import { request } from 'undici'

/** What the gateway says of its memory, in bytes. */
export interface Memory { readonly resident: number, readonly heap: number }

export async function readMemory (adminUrl: string): Promise<Memory> {
  const { body } = await request(`${adminUrl}/metrics`)
  const text = await body.text()
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1])
  return { resident: value('process_resident_memory_bytes'), heap: value('nodejs_heap_size_used_bytes') }
}

/** How much more the last third of the samples needs than the third before it, by their medians. */
export function growth (samples: readonly number[]): number {
  const third = Math.max(1, Math.floor(samples.length / 3))
  return median(samples.slice(-third)) / median(samples.slice(-2 * third, -third)) - 1
}

function median (numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN
}
