import '../../rig/over-http2.ts'
import '../identity-headers.test.ts'
