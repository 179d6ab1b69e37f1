import '../../rig/over-http2.ts'
import '../forwarded.test.ts'
