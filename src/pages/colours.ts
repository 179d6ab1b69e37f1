import { html, type Html } from './html.ts'

type Rgb = readonly [red: number, green: number, blue: number]

const card = { light: '#ffffff', dark: '#171b22' }
/** WCAG 2.2, 1.4.3: text of ordinary size. */
const readable = 4.5

/** The colours that follow from an operator's accent: whatever it is, what stands on it and what is written in it can be read. */
export function accentStyle (light: string, dark: string): Html {
  return html`:root{${declarations(light, card.light)}}@media (prefers-color-scheme:dark){:root{${declarations(dark, card.dark)}}}`
}

function declarations (accent: string, ground: string): Html {
  const onAccent = contrast(accent, '#ffffff') >= readable ? '#ffffff' : '#000000'
  return html`--accent:${accent};--accent-strong:${mixed(accent, onAccent === '#ffffff' ? '#000000' : '#ffffff', 0.15)};--on-accent:${onAccent};--link:${legible(accent, ground)}`
}

/** The colour itself, or as near to it as can be read on the ground. */
function legible (colour: string, ground: string): string {
  const away = contrast(ground, '#ffffff') > contrast(ground, '#000000') ? '#ffffff' : '#000000'
  for (let share = 0; share < 1; share += 0.05) {
    const candidate = mixed(colour, away, share)
    if (contrast(candidate, ground) >= readable) return candidate
  }
  return away
}

/** The contrast of two colours, from 1 to 21 (WCAG 2.2). */
export function contrast (a: string, b: string): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance (colour: string): number {
  const [red, green, blue] = rgb(colour).map((channel) => channel / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4) as unknown as Rgb
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function mixed (colour: string, other: string, share: number): string {
  const [a, b] = [rgb(colour), rgb(other)]
  return `#${a.map((channel, i) => Math.round(channel + ((b[i] ?? 0) - channel) * share).toString(16).padStart(2, '0')).join('')}`
}

function rgb (colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}
