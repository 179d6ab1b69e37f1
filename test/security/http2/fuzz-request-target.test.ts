import '../../rig/over-http2.ts'
import '../fuzz-request-target.test.ts'
