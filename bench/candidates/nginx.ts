import { join } from 'node:path'
import { freePort } from '../../test/rig/redis.ts'
import { nginxConfig } from '../nginx-config.ts'
import { answers, launch, proxyCore } from '../processes.ts'
import type { World } from '../world.ts'
import type { Candidate } from './candidate.ts'

/** For `idle`: nginx has memory for every connection that it may hold, held or not. */
const connectionsWithStreams = 32_768

/** What a proxy costs at least: no session, no log, written in C. */
export const nginx: Candidate = {
  name: 'nginx',
  sessions: null,
  async start (world) {
    const { folder, liveUrl } = world
    const port = await freePort()
    const config = await nginxConfig(folder, `proxy-${port}`, servers(world, port), liveUrl === undefined ? undefined : connectionsWithStreams)
    const child = launch({ core: proxyCore, command: 'nginx', args: ['-c', config], outputFile: join(folder, `proxy-${port}.log`) })
    const url = `http://127.0.0.1:${port}`
    await answers(`${url}/1k`, child)
    return { url, child }
  }
}

function servers ({ upstreamUrl, liveUrl }: World, port: number): string {
  return `
      upstream app { server ${hostOf(upstreamUrl)}; keepalive 256; }
      server {
        listen 127.0.0.1:${port} backlog=4096;
        keepalive_requests 1000000000;
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        location / {
          proxy_pass http://app;
          proxy_set_header Host $host;
          proxy_set_header Connection "";
        }
        ${liveUrl === undefined ? '' : live(liveUrl)}
      }`
}

/** Event streams as they come, and WebSockets. */
function live (liveUrl: string): string {
  return `
        location /live/events {
          proxy_pass ${liveUrl};
          proxy_set_header Host $host;
          proxy_set_header Connection "";
          proxy_buffering off;
        }
        location /live/echo {
          proxy_pass ${liveUrl};
          proxy_set_header Host $host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection upgrade;
        }`
}

function hostOf (url: string): string {
  return url.slice('http://'.length)
}
