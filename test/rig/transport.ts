/**
 * How the rig's clients reach the gateway. The attacks that mean the same in HTTP/2 are written once, for HTTP/1.1;
 * test/security/http2 runs the same files with this switched over.
 */
export const transport = { isHttp2: false }
