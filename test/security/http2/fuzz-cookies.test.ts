import '../../rig/over-http2.ts'
import '../fuzz-cookies.test.ts'
