import { bindPage } from './drop-in.ts'
import { createGateway } from './gateway.ts'
import { GatewayError } from './gateway-error.ts'

export type { FailureKind } from './gateway-error.ts'
export type { Gateway, GatewayOptions, SignInQuestion } from './gateway.ts'
export type { SignInOptions } from './windows.ts'
export type { User } from './user.ts'
export { createGateway, GatewayError }

bindPage(createGateway())
