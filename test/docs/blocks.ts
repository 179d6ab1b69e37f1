import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** One fenced block of a page, or a file that a page includes with `<<<`. */
export interface Block {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly text: string
}

const fence = /^(?<indent> *)```(?<language>[\w-]*)[^\n]*\n(?<text>.*?)^\k<indent>```$/gms

/** Every block of every page people read: the READMEs and the site, not the decisions. */
export async function blocksOfDocs (): Promise<readonly Block[]> {
  const site = (await readdir(join(root, 'docs'), { recursive: true })).filter((name) => name.endsWith('.md') && !/^(decisions|recipes|\.vitepress)/.test(name)).map((name) => join('docs', name))
  const pages = [...site, 'README.md', 'README.zh-TW.md', 'README.zh-CN.md', 'CONTRIBUTING.md']
  return (await Promise.all(pages.map(blocksOf))).flat()
}

async function blocksOf (page: string): Promise<readonly Block[]> {
  const text = await readFile(join(root, page), 'utf8')
  return [...text.matchAll(fence)].map(({ index, groups }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language: groups?.['language'] ?? '',
    text: unindented(groups?.['text'] ?? '', groups?.['indent']?.length ?? 0)
  }))
}

function unindented (text: string, spaces: number): string {
  return text.split('\n').map((line) => line.slice(Math.min(spaces, line.length - line.trimStart().length))).join('\n')
}
