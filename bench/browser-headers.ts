/** What a browser sends beside its cookies: twelve headers, and the name of the host. */
export const browserHeaders: Readonly<Record<string, string>> = {
  Host: 'gw.test',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Cache-Control': 'max-age=0',
  Referer: 'https://gw.test/chat',
  'Sec-Ch-Ua': '"Chromium";v="141", "Not?A_Brand";v="8"',
  'Sec-Ch-Ua-Mobile': '?0',
  'Sec-Ch-Ua-Platform': '"Linux"',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin'
}

/** Other cookies of the same site stand before the session's. */
export function cookieHeader (session: string): string {
  return `theme=dark; lang=zh-TW; ${session}`
}
