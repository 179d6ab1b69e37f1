import { browserKinds } from './browser-kinds.ts'
import { clockKinds } from './clock-kinds.ts'
import { deliveryKinds } from './delivery-kinds.ts'
import type { FaultArgs, FaultStages } from './stages.ts'
import { grantKinds } from './grant-kinds.ts'
import { limitKinds } from './limit-kinds.ts'
import { memberKinds } from './member-kinds.ts'
import { refusalKinds } from './refusal-kinds.ts'

/** Every kind of fault. A new one is a line in the file of its family: what it does at which stage. */
export const faultKinds = { ...grantKinds, ...memberKinds, ...refusalKinds, ...limitKinds, ...clockKinds, ...deliveryKinds, ...browserKinds } satisfies
  Record<string, (args: FaultArgs) => FaultStages>

export type FaultKind = keyof typeof faultKinds

export function isFaultKind (name: unknown): name is FaultKind {
  return typeof name === 'string' && Object.hasOwn(faultKinds, name)
}
