/** Addresses that look local, or look like ours, and lead elsewhere in one browser or another: T-65 to T-70. */

const evil = 'evil.test'

/** One slash, as browsers, proxies and careless code have read it. */
const slashes = ['/', '\\', '%2f', '%5c', '%252f', '/%09/', '/\t/', '/\n/', '/\r/', '/ /', '/./', '/%2e/', '/../', '/%2e%2e/', '/;/', '//', '/\\', '\\/', '\\\\', '/%5c', '/%2f', '／', '⁄', '∕', '‥/', '/\u200b/', '/%00/', '/%0d%0a/', '/%e3%80%82', '/@', '/.', '/%20/', '/\u00a0/', '/\ufeff/']

const schemes = ['http:', 'https:', 'HTTPS:', 'ht\ntps:', ' https:', 'javascript:', 'JaVaScRiPt:', 'data:text/html,', 'vbscript:', 'file:', 'ftp:', 'blob:', 'about:', 'view-source:', 'ws:', 'mailto:', 'x:', ':']

const afterScheme = ['//', '/', '', '\\\\', '/\\', '////', '//\t', '//%09', '/%2f', '//user@', '//gw.test@', '//gw.test:443@', '//gw.test%2f@', '//gw.test%00.', '//gw.test\\@', '//gw.test#@', '//gw.test?@', '//gw.test;@', '//gw.test%40', '//gw.test.']

const hosts = [evil, 'gw.test.evil.test', 'evilgw.test', 'gw。test', 'ｇｗ.test', 'gw.test%E3%80%82evil.test', '[::1]', '127.1', '0x7f.1', '2130706433', 'gw.test:8443', 'gw.test:80', 'EVIL.test', 'evil%2etest', 'xn--gw-.test']

const wholes = [
  '//', '///', '////', '\\', '\\\\', '//gw.test@evil.test', '/\\/evil.test', '/\\\\evil.test', '.evil.test', '@evil.test', 'evil.test', 'www.evil.test/..',
  ' /a', '\t/a', '/a b', '/ /evil', '/%0d%0aX: y', '/%0d%0aSet-Cookie:%20x=y', '/a\r\nX: y', '/\u0000', '/a\u0000', '/a\u007f', '/ä', '/用户',
  '/oauth2', '/oauth2/', '/oauth2/sign_out', '/oauth2/start', '/oauth2/callback?code=x', '/OAUTH2/sign_out', '/%6fauth2/sign_out', '//oauth2/sign_out', '/oauth2%2fsign_out', '/./oauth2/sign_out', '/a/../oauth2/sign_out', '/oauth2;x/sign_out', '/%6f%61uth2',
  'https://gw.test/oauth2/sign_out', 'http://gw.test/', 'https://gw.test:8443/', 'https://u@gw.test/', 'https://u:p@gw.test/', 'https:gw.test', 'https:/gw.test', 'https:\\gw.test', '/'.padEnd(2_100, 'a'), '/a'.repeat(10_000),
  '?x', '#x', '', '.', '..', './', '../', '../../evil.test', 'a', 'a/b', '%2f%2fevil.test', '%2fa', '/%', '/%zz', '/%c0%af', '/a/..', '/..', '/a/%2e%2e/b'
]

/** Every one of them has to become `/`. */
export const foreignForms: readonly string[] = [...new Set([
  ...slashes.filter((first) => first !== '/').flatMap((first) => [`${first}${evil}`, `${first}${evil}/a`, `/${first}${evil}`]),
  ...schemes.flatMap((scheme) => afterScheme.map((separator) => `${scheme}${separator}${evil}`)),
  ...hosts.flatMap((host) => [`https://${host}`, `https://${host}/a`, `//${host}`]),
  ...wholes
])]

/** Local addresses that have to arrive byte for byte. */
export const localForms: readonly string[] = ['/', '/a', '/a/b?x=1&y=%2F+z&&e=', '/a#frag', '/a?rd=https://evil.test', '/a?x=//evil.test', '/a//b', '/a:b@c', '/~a/-._!$&\'()*+,;=', '/%E7%94%A8', '/a?%zz', '/oauth2x', '/oauth', '/a;b=c/d']
