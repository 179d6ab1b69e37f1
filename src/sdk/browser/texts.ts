const english = ['Sign in with AIHubMix', 'Balance', 'Refresh balance', 'Top up', 'Sign out', 'This did not work. Please try again.']
const chinese = {
  hant: ['使用 AIHubMix 登入', '餘額', '重新整理餘額', '儲值', '登出', '無法完成，請再試一次。'],
  hans: ['使用 AIHubMix 登录', '余额', '刷新余额', '充值', '退出登录', '无法完成，请重试。']
}

/** @internal sign in, balance, refresh, top up, sign out, failed: in the language of that part of the page, else the browser's. */
export function textsFor (element: Element): readonly string[] {
  const language = element.closest<HTMLElement>('[lang]')?.lang || navigator.language
  if (!/^zh/i.test(language)) return english
  return /hant|tw|hk|mo/i.test(language) ? chinese.hant : chinese.hans
}
