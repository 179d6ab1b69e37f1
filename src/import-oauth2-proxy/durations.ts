/** `168h`, `168h0m0s`, `30m`, `90s`; null for anything else. */
export function goDurationSeconds (text: string): number | null {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text)
  if (parts === null || text === '') return null
  const [hours, minutes, seconds] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0))
  return (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0)
}
