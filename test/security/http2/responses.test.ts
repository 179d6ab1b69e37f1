import '../../rig/over-http2.ts'
import '../responses.test.ts'
