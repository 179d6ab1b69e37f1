import { transport } from './transport.ts'

transport.isHttp2 = true
