import type { PageTexts } from './page-texts.ts'

export const zhHans: PageTexts = {
  languageName: '简体中文',
  languageSwitch: '语言选择',
  signIn: {
    title: '登录以继续',
    welcome: null,
    asks: '希望从 AIHubMix 获取',
    scopes: { profile: '您的名称和电子邮件地址', balance: '您的账户余额' },
    otherScope: (scope) => `“${scope}”权限`,
    grantsAtOnce: '点击一次即表示同意授权：在 AIHubMix 登录后会直接返回，不再另行询问。',
    asksFirst: '在分享任何信息之前，AIHubMix 会先请您确认。',
    keepsTokens: '登录在 AIHubMix 的页面进行，应用不会看到您的密码。',
    action: '使用 AIHubMix 登录'
  },
  signOut: {
    title: '要退出登录吗？',
    signedInAs: '当前登录的账号',
    text: '退出后，本网站的所有标签页会同时结束登录状态，尚未保存的内容可能会丢失。',
    action: '退出登录',
    cancel: '保持登录'
  },
  signedOut: {
    title: '您已退出登录',
    text: '您在本网站的登录状态已结束，所有标签页均已退出。',
    providerStays: 'AIHubMix 本身的登录状态不受影响。如果使用公共电脑，请一并退出 AIHubMix。',
    action: '重新登录'
  },
  lowBalance: {
    balance: '您在 AIHubMix 的余额',
    unknown: '暂不可知',
    unknownText: '此页面需要一定的余额，但 AIHubMix 尚未提供您的余额。',
    readAgo: (when) => `读取时间：${when}。`,
    needed: (minBalance) => `此处至少需要 ${minBalance}。`,
    topUp: '前往 AIHubMix 充值',
    topUpAgain: '再次打开充值页面',
    lookAgain: '我已充值，重新查看',
    awaited: {
      heading: '正在等待充值到账',
      title: '款项可能需要几分钟才能到账。',
      text: '此页面会持续查看，余额一有变化就会自动继续。您无需再次付款。'
    },
    late: {
      heading: '充值尚未到账',
      title: '如果您已付款，款项并未丢失，有些付款方式需要更长时间。',
      text: '请勿再次付款。请稍后重新查看；如果一直未到账，请联系 AIHubMix 客服。'
    }
  },
  popup: {
    title: '您已登录',
    text: '此窗口会自动关闭。如果没有关闭，请手动关闭并回到原来的页面。',
    action: '在此窗口继续'
  },
  footer: { authorizations: '管理授权', support: '获取帮助' },
  error: {
    nextStep: '接下来怎么做',
    status: '状态码',
    code: '错误代码',
    requestId: '请求编号',
    actions: { 'sign-in': '重新登录', 'another-account': '换一个账号', retry: '重试', home: '返回首页' }
  },
  errors: {
    malformed_request: {
      title: '无法读取此请求',
      text: '在您的浏览器与本网站之间，有程序更改了请求内容，使其不再有效。',
      nextStep: '请刷新页面。如果再次发生，请停用浏览器扩展或代理后重试。'
    },
    malformed_request_target: {
      title: '无法打开此网址',
      text: '网址中含有可作多种解读的字符，因此没有继续转发。',
      nextStep: '请检查网址中是否有多余的字符，例如“\\”、“#”或“%”，或从首页重新开始。'
    },
    missing_parameters: {
      title: '登录信息不完整',
      text: 'AIHubMix 返回的内容缺少登录所需的信息。',
      nextStep: '请重新登录。'
    },
    invalid_state: {
      title: '本次登录无法使用',
      text: '本次登录不是在此浏览器中开始的，或已经完成。为了保护您，登录已中止。',
      nextStep: '请重新登录，在同一个浏览器中完成，并允许 Cookie。'
    },
    sign_in_expired: {
      title: '登录超时',
      text: '出于安全考虑，每次登录只保留几分钟。',
      nextStep: '请重新登录。没有分享任何信息。'
    },
    login_required: {
      title: '请先登录',
      text: '此页面仅对已登录的用户开放。您尚未登录，或登录状态已结束。',
      nextStep: '请使用 AIHubMix 登录，完成后会回到此页面。'
    },
    invalid_token: {
      title: '访问令牌未被接受',
      text: '此请求所附的 AIHubMix 访问令牌已过期、已被撤销、格式不正确，或是为其他应用签发的。',
      nextStep: '请获取新的访问令牌，然后重新发送请求。'
    },
    balance_too_low: {
      title: '您的余额不足',
      text: '您已登录，但此页面需要您的 AIHubMix 账户有更高的余额。',
      nextStep: '请前往 AIHubMix 充值，然后返回此页面。'
    },
    access_denied: {
      title: '您没有访问此页面的权限',
      text: '您已登录，但此账号不能打开该网址。',
      nextStep: '请向网站管理员申请权限，或使用其他账号登录。'
    },
    account_disabled: {
      title: '此账号已停用',
      text: 'AIHubMix 表示此账号不是启用状态，因此无法在此使用。',
      nextStep: '请联系 AIHubMix 客服，或使用其他账号登录。'
    },
    consent_refused: {
      title: '未获得授权',
      text: '授权请求在 AIHubMix 被拒绝，因此没有分享任何信息，您也尚未登录。',
      nextStep: '如果并非有意拒绝，请重新登录并同意授权。'
    },
    provider_refused: {
      title: 'AIHubMix 拒绝了此请求',
      text: 'AIHubMix 不允许本次登录，通常是因为应用在 AIHubMix 的设置不正确。',
      nextStep: '请重试。如果再次发生，请将请求编号提供给网站管理员。'
    },
    cross_origin: {
      title: '此请求来自其他网站',
      text: '另一个网站试图以您的名义在此操作。为了保护您，该操作已被阻止，没有任何更改。',
      nextStep: '如果这正是您要做的事，请从本网站的页面重新操作。'
    },
    not_found: {
      title: '这里没有内容',
      text: '该网址不存在。',
      nextStep: '请检查网址是否正确，或从首页重新开始。'
    },
    method_not_allowed: {
      title: '无法在此执行该操作',
      text: '该网址存在，但不接受这种请求方式。',
      nextStep: '请返回上一页，使用页面上的链接和按钮。'
    },
    body_too_large: {
      title: '发送的内容过大',
      text: '您发送的内容超过本网站的上限，没有保存任何数据。',
      nextStep: '请改用较小的文件，或分次发送。'
    },
    url_too_long: {
      title: '网址过长',
      text: '该网址超过本网站可接受的长度。',
      nextStep: '请改用较短的网址，或从首页重新开始。'
    },
    expectation_failed: {
      title: '无法满足此请求',
      text: '请求中要求了本网站未提供的功能。',
      nextStep: '请改用普通的网页浏览器重试。'
    },
    unknown_host: {
      title: '此网址没有应用',
      text: '该网址可以连接到这台服务器，但没有以此名称设置的应用。',
      nextStep: '请检查网址开头的主机名。如果无误，请告知网站管理员。'
    },
    too_many_requests: {
      title: '请求过于频繁',
      text: '您或使用相同网络地址的其他人，在短时间内发送的请求超过此处的上限。没有人会因此被退出登录。',
      nextStep: '请稍候片刻再试。'
    },
    headers_too_large: {
      title: '浏览器发送的数据过多',
      text: '请求的标头数据超过本网站的上限，最常见的原因是 Cookie 过多。',
      nextStep: '请删除本网站的 Cookie，然后重新登录。'
    },
    internal_error: {
      title: '系统发生错误',
      text: '这是我们的问题，与您的操作无关。',
      nextStep: '请重试。如果再次发生，请将请求编号提供给网站管理员。'
    },
    exchange_failed: {
      title: '无法完成登录',
      text: 'AIHubMix 没有接受本次登录，可能已使用过，或在途中过期。',
      nextStep: '请重新登录。如果再次失败，请将请求编号提供给网站管理员。'
    },
    provider_bad_response: {
      title: 'AIHubMix 的响应无法读取',
      text: 'AIHubMix 的响应无法使用，这种情况通常很快就会恢复。',
      nextStep: '请一分钟后重试。'
    },
    topup_unavailable: {
      title: '暂时无法打开充值页面',
      text: 'AIHubMix 没有提供可信任的充值链接。您的余额没有变动。',
      nextStep: '请直接前往 AIHubMix 充值，或一分钟后重试。'
    },
    upstream_unreachable: {
      title: '无法连接到应用',
      text: '此网址背后的应用目前没有响应，可能正在重新启动。',
      nextStep: '请一分钟后重试。如果仍无法连接，请将请求编号提供给网站管理员。'
    },
    upstream_bad_response: {
      title: '应用的响应有误',
      text: '此网址背后的应用有响应，但内容无法转发。',
      nextStep: '请重试。如果再次发生，请将请求编号提供给网站管理员。'
    },
    provider_busy: {
      title: '当前对 AIHubMix 的请求过多',
      text: 'AIHubMix 限制了请求次数，而此刻的请求很多。没有丢失任何数据，已登录的人仍保持登录。',
      nextStep: '请稍候片刻再试。'
    },
    provider_unavailable: {
      title: '无法连接到 AIHubMix',
      text: '登录需要 AIHubMix，但目前没有响应。没有丢失任何数据。',
      nextStep: '请一分钟后重试。'
    },
    session_store_unavailable: {
      title: '请稍等片刻',
      text: '目前无法读取登录状态。您仍保持登录。',
      nextStep: '请几秒后重试，无需重新登录。'
    },
    renewal_unavailable: {
      title: '无法更新您的登录状态',
      text: '目前连不上 AIHubMix，因此无法更新。您仍保持登录，没有丢失任何数据。',
      nextStep: '请一分钟后重试，无需重新登录。'
    },
    decision_changed: {
      title: '请再试一次',
      text: '判断您能否打开这个网址的期间，情况有了变化。',
      nextStep: '请再打开一次。'
    },
    upstream_busy: {
      title: '应用繁忙',
      text: '目前等待应用处理的请求过多。',
      nextStep: '请几秒后重试。'
    },
    upstream_timeout: {
      title: '应用响应超时',
      text: '应用没有及时响应，可能仍在处理您发送的内容。',
      nextStep: '请重试。如果您正在保存数据，请先确认是否已保存。'
    }
  }
}
