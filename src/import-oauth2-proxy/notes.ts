const fixed = 'not needed: always so here'
const otherProvider = 'belongs to another provider'

/** What is to be said of a setting that nothing here is made of. */
const noted: Readonly<Record<string, string>> = {
  client_id: `${otherProvider}: register an app with \`aihubmix-gateway app create\` and set aihubmix.clientId`,
  client_secret: `${otherProvider}: set aihubmix.clientSecret or aihubmix.clientSecretFile`,
  client_secret_file: `${otherProvider}: set aihubmix.clientSecret or aihubmix.clientSecretFile`,
  provider: 'not needed: the provider is AIHubMix',
  provider_display_name: 'not needed: the provider is AIHubMix',
  provider_ca_files: 'no counterpart: AIHubMix\'s certificate is verified with the authorities of Node.js; NODE_EXTRA_CA_CERTS adds to them',
  ssl_insecure_skip_verify: 'refused: the certificate of AIHubMix is always verified',
  scope: `${otherProvider}: aihubmix.scope is "profile balance" unless set`,
  cookie_secret: 'no counterpart: session.keys are 32 bytes in base64; `aihubmix-gateway keygen` makes one',
  cookie_secret_file: 'no counterpart: session.keysFile names a file of keys made by `aihubmix-gateway keygen`',
  cookie_httponly: fixed,
  cookie_secure: 'not needed: Secure wherever server.publicUrl is https',
  cookie_samesite: 'not needed: Lax',
  cookie_refresh: 'not needed: tokens are renewed 5 minutes before they run out',
  cookie_path: 'no counterpart: the cookie is for the whole host',
  cookie_csrf_per_request: fixed,
  cookie_csrf_per_request_limit: 'not needed: the number of attempts at once is bounded',
  cookie_csrf_expire: 'not needed: an attempt to sign in has 10 minutes',
  cookie_csrf_samesite: 'not needed: Lax',
  session_cookie_minimal: 'not needed: the cookie holds no token',
  flush_interval: 'not needed: answers are streamed as they come',
  pass_basic_auth: 'no counterpart: apps get identity headers, or X-User-Assertion, which they can verify',
  basic_auth_password: 'no counterpart: apps get identity headers, or X-User-Assertion, which they can verify',
  set_basic_auth: 'no counterpart: apps get identity headers, or X-User-Assertion, which they can verify',
  pass_authorization_header: 'no counterpart: there are no ID tokens; headers.assertion gives apps a signed identity',
  set_authorization_header: 'no counterpart: there are no ID tokens; headers.assertion gives apps a signed identity',
  signature_key: 'no counterpart: headers.assertion gives apps a signed identity',
  prefer_email_to_user: 'no counterpart: X-Forwarded-User is the id, which no user can change; name another field in headers.set if the app needs it',
  skip_jwt_bearer_tokens: 'not carried over: routes[].bearer takes access tokens of AIHubMix, and of nobody else',
  extra_jwt_issuers: 'no counterpart: routes[].bearer takes access tokens of AIHubMix, and of nobody else',
  bearer_token_login_fallback: 'not needed: a token that is not good is 401, and never led to sign in',
  skip_provider_button: 'not needed: who opens a protected page is led straight to AIHubMix',
  whitelist_domains: 'no counterpart: a sign-in returns to hosts that routes name, and to no other',
  silence_ping_logging: 'no counterpart',
  exclude_logging_paths: 'no counterpart',
  request_logging: 'no counterpart: one JSON line a request',
  auth_logging: 'no counterpart: sign-ins, sign-outs and denials leave a line each',
  request_id_header: 'not needed: X-Request-Id, taken over from server.trustedProxies',
  reverse_proxy: 'no switch: name the proxies in server.trustedProxies',
  trusted_ips: 'no counterpart: nobody passes for his address; write routes with access: anyone',
  real_client_ip_header: 'no counterpart: X-Forwarded-For of server.trustedProxies counts',
  force_https: 'no counterpart: leave the redirect to what listens on port 80; cookies are Secure wherever server.publicUrl is https',
  tls_cipher_suites: 'no counterpart: the ciphers of Node.js',
  ping_path: 'no counterpart: /oauth2/ping answers load balancers',
  ping_user_agent: 'no counterpart: /oauth2/ping answers load balancers',
  gcp_healthchecks: 'no counterpart: /oauth2/ping answers load balancers',
  ready_path: 'no counterpart: /ready on admin.listen',
  banner: 'no counterpart: pages.texts are the words of your own on the sign-in page',
  footer: 'no counterpart: pages.texts and pages.templateFile are for words of your own',
  custom_sign_in_logo: 'not carried over: set pages.logoFile to an SVG, PNG, JPEG or WebP file',
  custom_templates_dir: 'no counterpart: pages.templateFile is one shell for all pages',
  display_htpasswd_form: 'no counterpart',
  backend_logout_url: 'no counterpart: signing out here is no signing out at AIHubMix'
}

const ofOtherProviders = /^(oidc|google|github|azure|entra|keycloak|gitlab|bitbucket|adfs|cidaas|login_gov|jwt|pubjwk|user_id_claim|allowed_(group|role)|insecure_oidc|skip_oidc|login_url|redeem_url|profile_url|validate_url|resource|prompt|acr|approval|use_system_trust_store)/

/** What is said of a setting that was not carried over. */
export function noteFor (setting: string): string {
  return noted[setting] ?? (ofOtherProviders.test(setting) ? `no counterpart: it ${otherProvider}` : 'no counterpart')
}
