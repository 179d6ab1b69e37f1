import '../../rig/over-http2.ts'
import '../cookies.test.ts'
