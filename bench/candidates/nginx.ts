import { join } from 'node:path'
import { freePort } from '../../test/rig/redis.ts'
import { nginxConfig } from '../nginx-config.ts'
import { answers, launch, proxyCore } from '../processes.ts'
import type { Candidate } from './candidate.ts'

/** What a proxy costs at least: no session, no log, written in C. */
export const nginx: Candidate = {
  name: 'nginx',
  sessions: null,
  async start ({ folder, upstreamUrl }) {
    const port = await freePort()
    const config = await nginxConfig(folder, `proxy-${port}`, `
      upstream app { server ${upstreamUrl.slice('http://'.length)}; keepalive 256; }
      server {
        listen 127.0.0.1:${port} backlog=1024;
        keepalive_requests 1000000000;
        location / {
          proxy_pass http://app;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_set_header Host $host;
        }
      }`)
    const child = launch({ core: proxyCore, command: 'nginx', args: ['-c', config], outputFile: join(folder, `proxy-${port}.log`) })
    const url = `http://127.0.0.1:${port}`
    await answers(`${url}/1k`, child)
    return { url, child }
  }
}
