import '../../rig/over-http2.ts'
import '../fuzz-headers.test.ts'
