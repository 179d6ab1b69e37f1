import '../../rig/over-http2.ts'
import '../request-target.test.ts'
