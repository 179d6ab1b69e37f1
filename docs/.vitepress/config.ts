import { defineConfig, type DefaultTheme, type MarkdownRenderer } from 'vitepress'

const guide: DefaultTheme.SidebarItem[] = [
  {
    text: 'Begin',
    items: [
      { text: 'Five-minute start', link: '/start' },
      { text: 'How it works', link: '/concepts' },
      { text: 'Browser SDK', link: '/sdk' },
      { text: 'The emulator', link: '/emulator' }
    ]
  },
  {
    text: 'Run it',
    items: [
      { text: 'Deployment', link: '/deployment' },
      { text: 'Forward-auth: nginx, Traefik, Caddy, Envoy, HAProxy', link: '/forward-auth' },
      { text: 'Access rules and balance', link: '/access-rules' },
      { text: 'What passes: HTTP in detail', link: '/http' },
      { text: 'Configuration reference', link: '/configuration' },
      { text: 'Redis', link: '/redis' },
      { text: 'Sessions', link: '/sessions' },
      { text: 'Pages', link: '/pages' },
      { text: 'Operations runbook', link: '/operations' },
      { text: 'Security', link: '/security' }
    ]
  },
  {
    text: 'Come from elsewhere',
    items: [
      { text: 'From oauth2-proxy', link: '/migrate-from-oauth2-proxy' },
      { text: 'From the guide\'s samples', link: '/migrate-from-the-guide' }
    ]
  },
  {
    text: 'Inside',
    items: [
      { text: 'Architecture', link: '/architecture' },
      { text: 'Verifying the signed identity', link: '/assertion' },
      { text: 'The renewal, model-checked', link: '/renewal-model' }
    ]
  }
]

const chinese = (begin: string, start: string, home: string, prefix: string): DefaultTheme.Config => ({
  sidebar: [{ text: begin, items: [{ text: home, link: `${prefix}/` }, { text: start, link: `${prefix}/start` }] }, ...guide.slice(1)]
})

const outsideTheSite = /^((\.\/)?recipes\/|(\.\.\/)+(config|src|test|bench|helm|README|SECURITY|CONTRIBUTING|CHANGELOG))/

/** Pages are read in the repository too, where a link to one of its files leads there; here only the name of the file is left. */
function unlinkRepositoryFiles (markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('unlink-repository-files', ({ tokens }) => {
    for (const token of tokens) {
      let isOutside = false
      token.children = token.children?.filter(({ type }, index, children) => {
        if (type === 'link_open') isOutside = outsideTheSite.test(children[index]?.attrGet('href') ?? '')
        return !(isOutside && type.startsWith('link_'))
      }) ?? null
    }
  })
}

/** The documentation site: built offline, searched in the browser, and a dead link fails the build. */
export default defineConfig({
  title: 'aihubmix-gateway',
  description: 'Signs users in through AIHubMix in front of any app',
  srcExclude: ['recipes/**'],
  cleanUrls: true,
  lastUpdated: false,
  markdown: { config: unlinkRepositoryFiles },
  themeConfig: { search: { provider: 'local' }, sidebar: guide, outline: [2, 3] },
  locales: {
    root: { label: 'English', lang: 'en' },
    'zh-hant': { label: '繁體中文', lang: 'zh-Hant', themeConfig: chinese('開始', '五分鐘上手', '首頁', '/zh-hant') },
    'zh-hans': { label: '简体中文', lang: 'zh-Hans', themeConfig: chinese('开始', '五分钟上手', '首页', '/zh-hans') }
  }
})
