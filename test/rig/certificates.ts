import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM files, made for this run by openssl. */
export interface TestCertificate {
  readonly certFile: string
  readonly keyFile: string
}

export interface TestAuthority {
  readonly caFile: string
  /** A certificate of this authority for these names: `DNS:gw.test`, `IP:127.0.0.1` … */
  issue (...names: readonly string[]): TestCertificate
  /** One that was valid years ago. */
  issueExpired (...names: readonly string[]): TestCertificate
}

const days = ['-days', '2']
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A certificate authority of the test's own; its files go with the machine's temporary folder. */
export function createAuthority (): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-ca-'))
  const path = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): void => { execFileSync('openssl', args, { stdio: 'ignore' }) }
  openssl('req', '-x509', ...newKey, ...days, '-subj', '/CN=Test authority', '-keyout', path('ca.key'), '-out', path('ca.pem'))
  let issued = 0

  const issue = (names: readonly string[], sign: (base: string, signing: readonly string[]) => void): TestCertificate => {
    const base = `leaf-${++issued}`
    writeFileSync(path(`${base}.cnf`), `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`)
    openssl('req', ...newKey, '-subj', '/CN=Test', '-keyout', path(`${base}.key`), '-out', path(`${base}.csr`))
    sign(base, ['-in', path(`${base}.csr`), '-extfile', path(`${base}.cnf`), '-out', path(`${base}.pem`)])
    return { certFile: path(`${base}.pem`), keyFile: path(`${base}.key`) }
  }

  return {
    caFile: path('ca.pem'),
    issue: (...names) => issue(names, (_base, signing) => openssl('x509', '-req', ...days, ...signing, '-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-set_serial', String(issued))),
    issueExpired: (...names) => issue(names, (base, signing) => {
      // Only `ca` takes the two dates in every version there is, and it wants to keep books.
      writeFileSync(path(`${base}.index`), '')
      writeFileSync(path(`${base}.serial`), `${1_000 + issued}\n`)
      writeFileSync(path(`${base}.ca`), ['[ca]', 'default_ca=own', '[own]', `database=${path(`${base}.index`)}`, `serial=${path(`${base}.serial`)}`, `new_certs_dir=${folder}`, 'default_md=sha256', 'policy=any', '[any]', 'commonName=supplied'].join('\n'))
      openssl('ca', '-batch', '-notext', '-config', path(`${base}.ca`), '-startdate', '20200101000000Z', '-enddate', '20200102000000Z', '-cert', path('ca.pem'), '-keyfile', path('ca.key'), ...signing)
    })
  }
}
