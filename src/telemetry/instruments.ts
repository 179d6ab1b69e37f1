import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

const prefix = 'aihubmix_gateway_'
const answerSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const storeSeconds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
const providerSeconds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Every metric of the gateway, by name. Labels are bounded sets of our own words and configured routes: nothing a client sends becomes one. */
export type Instruments = ReturnType<typeof createInstruments>

export function createInstruments (registry: Registry) {
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter<Label>({ name: prefix + name, help, labelNames: [...labelNames], registers })
  const gauge = <Label extends string>(name: string, help: string, aggregator: 'sum' | 'min' | 'max' | 'first', labelNames: readonly Label[] = []) =>
    new Gauge<Label>({ name: prefix + name, help, aggregator, labelNames: [...labelNames], registers })
  const histogram = <Label extends string>(name: string, help: string, buckets: readonly number[], labelNames: readonly Label[] = []) =>
    new Histogram<Label>({ name: prefix + name, help, buckets: [...buckets], labelNames: [...labelNames], registers })

  const lookups = { hit: 0, miss: 0 }
  const cacheLookups = new Counter<'outcome'>({
    name: `${prefix}session_cache_lookups_total`,
    help: 'Lookups in the session cache of this process',
    labelNames: ['outcome'],
    registers,
    collect () {
      for (const outcome of ['hit', 'miss'] as const) {
        this.inc({ outcome }, lookups[outcome])
        lookups[outcome] = 0
      }
    }
  })

  return {
    /** Counted with every request: they go into the counter when it is read. */
    lookups,
    requests: histogram('request_duration_seconds', 'Requests on the public listener, until the answer has left', answerSeconds, ['route', 'status']),
    upstreamAnswers: histogram('upstream_duration_seconds', 'From sending a request to the app until its answer began', answerSeconds, ['route']),
    upstreamErrors: counter('upstream_errors_total', 'Requests the app did not answer, by error code', ['route', 'code']),
    errorAnswers: counter('error_answers_total', 'Answers with an error of the gateway, by error code', ['code']),
    denials: counter('denials_total', 'Requests of signed-in users that policy refused, by route', ['route']),
    lowBalanceDenials: counter('low_balance_denials_total', 'Requests refused because the balance is below the minimum of the route', ['route']),
    signIns: counter('sign_ins_total', 'Finished sign-ins; outcome is success or an error code', ['outcome']),
    refreshes: counter('token_refreshes_total', 'Refresh token grants, by outcome', ['outcome']),
    renewalWaits: histogram('renewal_wait_seconds', 'How long requests waited for a renewal they could not do without', providerSeconds),
    userinfoReads: counter('userinfo_reads_total', 'Reads of userinfo, by outcome', ['outcome']),
    providerCalls: histogram('provider_duration_seconds', 'Calls to AIHubMix, by call and outcome', providerSeconds, ['call', 'outcome']),
    callsSpared: counter('provider_calls_spared_total', 'Calls to AIHubMix that were not made: it does not answer, or aihubmix.budget had none left', ['call']),
    sessionsOpened: counter('sessions_opened_total', 'Sessions begun by a sign-in'),
    sessionsEnded: counter('sessions_ended_total', 'Sessions ended before their time ran out, by reason', ['reason']),
    storeCommands: histogram('store_command_duration_seconds', 'Commands to the session store', storeSeconds, ['command']),
    storeErrors: counter('store_errors_total', 'Commands the session store did not answer', ['command']),
    storeUp: gauge('store_up', '1 while the session store answers, 0 from the first command it does not answer on', 'min'),
    cacheLookups,
    webSockets: gauge('websockets_open', 'WebSockets that are open', 'sum'),
    eventStreams: gauge('event_streams_open', 'Event streams that are open', 'sum'),
    reloads: counter('config_reloads_total', 'Configurations read again, by outcome', ['outcome']),
    reloadWentWell: gauge('config_last_reload_successful', '0 while a configuration that was refused waits to be corrected', 'min'),
    configuredAt: gauge('config_last_reload_success_timestamp_seconds', 'When the configuration in force was read', 'min'),
    traceExports: counter('trace_exports_total', 'Batches of spans for the OpenTelemetry collector, by whether it took them', ['outcome']),
    buildInfo: gauge('build_info', 'Version of the gateway and of Node', 'first', ['version', 'node'])
  }
}
