import { posix } from 'node:path'

/** RFC 3986 §6.2.2.2: the same path in fewer letters. */
const decodedUnreserved = (path: string): string => path.replace(/%(?:[46][1-9a-f]|[57][0-9a]|3\d|2[de]|5f|7e)/gi, decodeURIComponent)

const withoutParameters = (path: string): string => path.replace(/;[^/]*/g, '')

/** How apps read a path, each in its own way; what cannot be read is read by nobody. */
const readings: ReadonlyArray<(path: string) => string> = [
  (path) => path,
  (path) => decodeURIComponent(path),
  (path) => posix.normalize(path),
  (path) => posix.normalize(decodeURIComponent(path)),
  (path) => posix.normalize(decodeURIComponent(path).replaceAll('\\', '/')),
  (path) => new URL(path, 'http://app').pathname,
  (path) => decodeURIComponent(new URL(path, 'http://app').pathname),
  withoutParameters,
  (path) => posix.normalize(withoutParameters(path)),
  (path) => decodeURIComponent(withoutParameters(path)),
  (path) => posix.normalize(decodeURIComponent(withoutParameters(path))), // Tomcat
  (path) => posix.normalize(withoutParameters(decodeURIComponent(path))),
  (path) => decodeURIComponent(path).replace(/\0.*/s, '')
]

/** The paths that apps may take a request target for, its query aside. */
export function readAs (target: string): readonly string[] {
  const [path = ''] = target.split('?', 1)
  return readings.flatMap((read) => {
    try {
      return [read(decodedUnreserved(path)).replace(/\/{2,}/g, '/')]
    } catch {
      return []
    }
  })
}
