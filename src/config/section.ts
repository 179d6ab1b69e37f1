import { z } from 'zod'

/** A map of these keys and no others. When all its keys are commented out it is null to YAML, and means the defaults. */
export function section<Shape extends z.ZodRawShape> (shape: Shape) {
  return z.preprocess((value) => value ?? {}, z.strictObject(shape))
}
