import { request } from 'undici'

/** What Prometheus would read: each series, written as in the text (`name{label="value"}`), with its value. */
export interface Scrape {
  readonly text: string
  readonly contentType: string
  /** The sum of every series of this name that carries all these labels; 0 when there is none. */
  value (name: string, labels?: Readonly<Record<string, string>>): number
}

export async function scrape (adminUrl: string): Promise<Scrape> {
  const { statusCode, headers, body } = await request(`${adminUrl}/metrics`)
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`/metrics answered ${statusCode}: ${text}`)
  return { text, contentType: String(headers['content-type']), value: (name, labels) => valueIn(text, name, labels) }
}

export function valueIn (text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const series = text.split('\n').filter((line) => line.startsWith(`aihubmix_gateway_${name}{`) || line.startsWith(`aihubmix_gateway_${name} `))
  const wanted = series.filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
  return wanted.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
