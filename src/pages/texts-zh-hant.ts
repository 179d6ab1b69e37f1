import type { PageTexts } from './page-texts.ts'

export const zhHant: PageTexts = {
  languageName: '繁體中文',
  languageSwitch: '語言',
  signIn: {
    title: '登入以繼續',
    welcome: null,
    asks: '想從 AIHubMix 取得',
    scopes: { profile: '您的名稱與電子郵件地址', balance: '您的帳戶餘額' },
    otherScope: (scope) => `「${scope}」權限`,
    grantsAtOnce: '按一下即表示同意授權：在 AIHubMix 登入後會直接返回，不會再次詢問。',
    asksFirst: '在分享任何資料之前，AIHubMix 會先請您確認。',
    keepsTokens: '登入在 AIHubMix 的頁面進行，應用程式不會看到您的密碼。',
    action: '使用 AIHubMix 登入'
  },
  signOut: {
    title: '要登出嗎？',
    signedInAs: '目前登入的帳號',
    text: '登出後，此網站的所有分頁會同時結束登入狀態，尚未儲存的內容可能會遺失。',
    action: '登出',
    cancel: '保持登入'
  },
  signedOut: {
    title: '您已登出',
    text: '您在此網站的登入狀態已結束，所有分頁皆已登出。',
    providerStays: 'AIHubMix 本身的登入狀態不受影響。若使用共用電腦，請一併登出 AIHubMix。',
    action: '重新登入'
  },
  lowBalance: {
    balance: '您在 AIHubMix 的餘額',
    unknown: '未知',
    unknownText: '這個頁面需要一定的餘額，但 AIHubMix 尚未告知您的餘額。',
    readAgo: (when) => `讀取時間：${when}。`,
    needed: (minBalance) => `此處至少需要 ${minBalance}。`,
    topUp: '前往 AIHubMix 儲值',
    topUpAgain: '再次開啟儲值頁面',
    lookAgain: '我已儲值，重新查看',
    awaited: {
      heading: '正在等待儲值入帳',
      title: '款項可能需要幾分鐘才會入帳。',
      text: '此頁面會持續查看，餘額一有變動就會自動繼續。您不需要再次付款。'
    },
    late: {
      heading: '儲值尚未入帳',
      title: '若您已付款，款項並未遺失，有些付款方式需要較長時間。',
      text: '請勿再次付款。請稍後重新查看；若一直未入帳，請聯絡 AIHubMix 客服。'
    }
  },
  popup: {
    title: '您已登入',
    text: '這個視窗會自動關閉。若仍未關閉，請手動關閉並回到原本的頁面。',
    action: '在這個視窗繼續'
  },
  footer: { authorizations: '管理授權', support: '取得協助' },
  error: {
    nextStep: '接下來怎麼做',
    status: '狀態碼',
    code: '錯誤代碼',
    requestId: '請求編號',
    actions: { 'sign-in': '重新登入', 'another-account': '改用其他帳號', retry: '再試一次', home: '回到首頁' }
  },
  errors: {
    malformed_request: {
      title: '無法讀取這個請求',
      text: '在您的瀏覽器與此網站之間，有東西更動了請求內容，使它不再有效。',
      nextStep: '請重新載入頁面。若再次發生，請停用瀏覽器擴充功能或代理伺服器後再試。'
    },
    malformed_request_target: {
      title: '無法開啟這個網址',
      text: '網址中含有可作多種解讀的字元，因此沒有繼續傳送。',
      nextStep: '請檢查網址是否有多餘的字元，例如「\\」、「#」或「%」，或從首頁重新開始。'
    },
    missing_parameters: {
      title: '登入資料不完整',
      text: 'AIHubMix 傳回的內容缺少登入所需的資料。',
      nextStep: '請重新登入。'
    },
    invalid_state: {
      title: '這次登入無法使用',
      text: '這次登入不是在此瀏覽器開始的，或是已經完成。為了保護您，登入已中止。',
      nextStep: '請重新登入，並在同一個瀏覽器中完成，同時允許 Cookie。'
    },
    sign_in_expired: {
      title: '登入逾時',
      text: '為了安全起見，每次登入只保留數分鐘。',
      nextStep: '請重新登入。沒有任何資料被分享。'
    },
    login_required: {
      title: '請先登入',
      text: '這個頁面只開放給已登入的使用者。您尚未登入，或登入狀態已結束。',
      nextStep: '請使用 AIHubMix 登入，完成後會回到這個頁面。'
    },
    invalid_token: {
      title: '存取權杖未被接受',
      text: '此請求所附的 AIHubMix 存取權杖已過期、已撤銷、格式不正確，或是為其他應用程式核發的。',
      nextStep: '請取得新的存取權杖，再重新送出請求。'
    },
    balance_too_low: {
      title: '您的餘額不足',
      text: '您已登入，但這個頁面需要您的 AIHubMix 帳戶有更高的餘額。',
      nextStep: '請前往 AIHubMix 儲值，然後回到這個頁面。'
    },
    access_denied: {
      title: '您沒有這個頁面的權限',
      text: '您已登入，但這個帳號不能開啟此網址。',
      nextStep: '請向網站管理者申請權限，或改用其他帳號登入。'
    },
    account_disabled: {
      title: '這個帳號已停用',
      text: 'AIHubMix 表示這個帳號並非啟用狀態，因此無法在此使用。',
      nextStep: '請聯絡 AIHubMix 客服，或改用其他帳號登入。'
    },
    consent_refused: {
      title: '未取得授權',
      text: '授權要求在 AIHubMix 被拒絕，因此沒有分享任何資料，您也尚未登入。',
      nextStep: '若並非有意拒絕，請重新登入並同意授權。'
    },
    provider_refused: {
      title: 'AIHubMix 拒絕了這個請求',
      text: 'AIHubMix 不允許這次登入，通常是因為應用程式在 AIHubMix 的設定不正確。',
      nextStep: '請再試一次。若再次發生，請將請求編號提供給網站管理者。'
    },
    cross_origin: {
      title: '這個請求來自其他網站',
      text: '另一個網站試圖以您的名義在此操作。為了保護您，該操作已被阻止，沒有任何變更。',
      nextStep: '若這正是您要做的事，請從此網站的頁面重新操作。'
    },
    not_found: {
      title: '這裡沒有內容',
      text: '這個網址不存在。',
      nextStep: '請檢查網址是否正確，或從首頁重新開始。'
    },
    method_not_allowed: {
      title: '無法在此執行這個操作',
      text: '這個網址存在，但不接受這種請求方式。',
      nextStep: '請返回上一頁，使用頁面上的連結與按鈕。'
    },
    body_too_large: {
      title: '傳送的內容過大',
      text: '您傳送的內容超過此網站的上限，沒有儲存任何資料。',
      nextStep: '請改傳較小的檔案，或分次傳送。'
    },
    url_too_long: {
      title: '網址過長',
      text: '這個網址超過此網站可接受的長度。',
      nextStep: '請改用較短的網址，或從首頁重新開始。'
    },
    expectation_failed: {
      title: '無法滿足這個請求',
      text: '請求中要求了此網站未提供的功能。',
      nextStep: '請改用一般的網頁瀏覽器再試一次。'
    },
    unknown_host: {
      title: '這個網址沒有應用程式',
      text: '網址可以連到這台伺服器，但沒有以此名稱設定的應用程式。',
      nextStep: '請檢查網址開頭的主機名稱。若無誤，請告知網站管理者。'
    },
    too_many_requests: {
      title: '請求過於頻繁',
      text: '您或使用相同網路位址的其他人，在短時間內送出的請求超過此處的上限。沒有人會因此被登出。',
      nextStep: '請稍候片刻再試。'
    },
    headers_too_large: {
      title: '瀏覽器傳送的資料過多',
      text: '請求的標頭資料超過此網站的上限，最常見的原因是 Cookie 過多。',
      nextStep: '請刪除此網站的 Cookie，然後重新登入。'
    },
    internal_error: {
      title: '系統發生錯誤',
      text: '這是我們的問題，與您的操作無關。',
      nextStep: '請再試一次。若再次發生，請將請求編號提供給網站管理者。'
    },
    exchange_failed: {
      title: '無法完成登入',
      text: 'AIHubMix 沒有接受這次登入，可能已使用過，或在途中過期。',
      nextStep: '請重新登入。若再次失敗，請將請求編號提供給網站管理者。'
    },
    provider_bad_response: {
      title: 'AIHubMix 的回應無法讀取',
      text: 'AIHubMix 的回應無法使用，這種情況通常很快就會恢復。',
      nextStep: '請稍候一分鐘再試。'
    },
    topup_unavailable: {
      title: '目前無法開啟儲值頁面',
      text: 'AIHubMix 沒有提供可信任的儲值連結。您的餘額沒有變動。',
      nextStep: '請直接前往 AIHubMix 儲值，或稍候一分鐘再試。'
    },
    upstream_unreachable: {
      title: '無法連線到應用程式',
      text: '這個網址背後的應用程式目前沒有回應，可能正在重新啟動。',
      nextStep: '請稍候一分鐘再試。若仍無法連線，請將請求編號提供給網站管理者。'
    },
    upstream_bad_response: {
      title: '應用程式的回應有誤',
      text: '這個網址背後的應用程式有回應，但內容無法轉送。',
      nextStep: '請再試一次。若再次發生，請將請求編號提供給網站管理者。'
    },
    provider_busy: {
      title: '目前對 AIHubMix 的請求過多',
      text: 'AIHubMix 限制了請求次數，而此刻的請求很多。沒有任何資料遺失，已登入的人仍保持登入。',
      nextStep: '請稍候片刻再試。'
    },
    provider_unavailable: {
      title: '無法連線到 AIHubMix',
      text: '登入需要 AIHubMix，但目前沒有回應。沒有任何資料遺失。',
      nextStep: '請稍候一分鐘再試。'
    },
    session_store_unavailable: {
      title: '請稍候片刻',
      text: '目前無法讀取登入狀態。您仍保持登入。',
      nextStep: '請稍候幾秒再試，不需要重新登入。'
    },
    renewal_unavailable: {
      title: '無法更新您的登入狀態',
      text: '目前連不上 AIHubMix，因此無法更新。您仍保持登入，沒有任何資料遺失。',
      nextStep: '請稍候一分鐘再試，不需要重新登入。'
    },
    decision_changed: {
      title: '請再試一次',
      text: '判斷您能否開啟這個網址的期間，情況有了變化。',
      nextStep: '請再開啟一次。'
    },
    upstream_busy: {
      title: '應用程式忙碌中',
      text: '目前等待應用程式處理的請求過多。',
      nextStep: '請稍候幾秒再試。'
    },
    upstream_timeout: {
      title: '應用程式回應逾時',
      text: '應用程式沒有及時回應，可能仍在處理您傳送的內容。',
      nextStep: '請再試一次。若您正在儲存資料，請先確認是否已儲存。'
    }
  }
}
