/** @internal Asked before a request is sent once more, in the language of the page. */
export function signInQuestion (): string {
  const language = document.documentElement.lang || navigator.language
  if (!/^zh/i.test(language)) return 'You are signed out. Sign in and go on?'
  return /hant|tw|hk|mo/i.test(language) ? '您已登出。要登入並繼續嗎？' : '您已退出登录。要登录并继续吗？'
}
