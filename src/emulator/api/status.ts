import { answer } from '../answer.ts'
import { quotaPerUnit } from '../users.ts'
import type { Endpoint } from './endpoint.ts'

/** `GET /api/status`, provider.md F-05: public, usable as a health probe. */
export function statusEndpoint (): Endpoint {
  return {
    exchange: () => ({ endpoints: ['status'], username: null, clientId: null }),
    answer: () => answer(200, {
      success: true,
      message: '',
      data: { system_name: 'AIHubMix emulator', quota_per_unit: quotaPerUnit, display_in_currency: true, version: 'emulator' }
    })
  }
}
