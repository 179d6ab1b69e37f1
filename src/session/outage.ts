interface OutageLog {
  info (details: object, message: string): void
  error (details: object, message: string): void
}

/** Tells of an outage once when it begins and once when it is over, however often something fails meanwhile. */
export interface Outage {
  failed (error: Error): void
  answered (): void
}

/** While some commands fail and others do not, the outage is not over. */
const quietMs = 1_000

export function createOutage (log: OutageLog, clock: () => number = () => performance.now()): Outage {
  let failures = 0
  let beganAt = 0
  let lastFailureAt = 0

  return {
    failed (error) {
      lastFailureAt = clock()
      if (failures++ > 0) return
      beganAt = lastFailureAt
      log.error({ err: error }, 'Redis cannot be reached, or does not answer; trying again. Further failures are only counted')
    },
    answered () {
      if (failures === 0 || clock() - lastFailureAt < quietMs) return
      log.info({ failures, seconds: Math.round((clock() - beganAt) / 100) / 10 }, 'Redis answers again')
      failures = 0
    }
  }
}
