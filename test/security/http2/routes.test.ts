import '../../rig/over-http2.ts'
import '../routes.test.ts'
