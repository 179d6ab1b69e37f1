import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a configuration that runs as one worker in the foreground, with so many connections at most, and answers its path. */
export async function nginxConfig (folder: string, name: string, http: string, connections = 4_096): Promise<string> {
  const file = join(folder, `${name}.conf`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${name}-${kind};`)
  await writeFile(file, `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    pid ${folder}/${name}.pid;
    error_log ${folder}/${name}-error.log;
    events { worker_connections ${connections}; }
    http {
      access_log off;
      ${temporary.join('\n')}
      ${http}
    }`)
  return file
}
