-- http-request lua.aihubmix_auth HOST:PORT
-- Asks aihubmix-gateway whether the request may pass. If so, the identity headers of its answer are set on the request; if not,
-- its answer (the way to sign in, 401, 402, 403 ...) is the answer. A gateway that does not answer lets nobody pass.
-- Of Cookie and Authorization the app gets what the answer leaves: the gateway's cookies and access tokens are not for it.

local timeout_ms = 10000

-- Of the connection, or about the body: the question has neither.
local not_asked = {
  ['connection'] = true, ['keep-alive'] = true, ['proxy-connection'] = true, ['te'] = true, ['trailer'] = true,
  ['transfer-encoding'] = true, ['content-length'] = true, ['upgrade'] = true, ['expect'] = true, ['http2-settings'] = true
}

-- Where the gateway looks for the original request: a client's own, in whatever spelling, would contradict ours.
local ours = {
  ['x-forwarded-uri'] = true, ['x-forwarded-method'] = true, ['x-forwarded-host'] = true,
  ['x-original-uri'] = true, ['x-original-url'] = true, ['x-original-method'] = true, ['x-original-host'] = true
}

local not_answered = {
  ['connection'] = true, ['keep-alive'] = true, ['transfer-encoding'] = true, ['content-length'] = true, ['date'] = true
}

local credentials = { ['cookie'] = true, ['authorization'] = true }

-- HAProxy counts the values of a header from 0, its HTTP client from 1.
local function question_headers (txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    local folded = name:lower():gsub('[^a-z0-9]', '-')
    if not not_asked[name] and not ours[folded] then
      local list = {}
      for index = 0, #values do list[#list + 1] = values[index] end
      headers[name] = list
    end
  end
  headers['x-forwarded-uri'] = { txn.f:pathq() }
  headers['x-forwarded-method'] = { txn.f:method() }
  headers['x-forwarded-host'] = { txn.f:req_hdr('host') or '' }
  return headers
end

local function refuse (txn, response)
  local reply = txn:reply({ status = response.status, reason = response.reason })
  for name, values in pairs(response.headers or {}) do
    if not not_answered[name] then
      for _, value in pairs(values) do reply:add_header(name, value) end
    end
  end
  reply:set_body(response.body or '')
  txn:done(reply)
end

core.register_action('aihubmix_auth', { 'http-req' }, function (txn, gateway)
  local response = core.httpclient():get({
    url = 'http://' .. gateway .. '/oauth2/auth?login=redirect',
    headers = question_headers(txn),
    timeout = timeout_ms
  })

  if response == nil or response.status == nil or response.status < 200 then
    return refuse(txn, { status = 503, reason = 'Service Unavailable', headers = { ['retry-after'] = { '5' } } })
  end
  if response.status >= 300 then return refuse(txn, response) end

  for name in pairs(credentials) do txn.http:req_del_header(name) end
  for name, values in pairs(response.headers) do
    if name:lower():sub(1, 7) == 'x-user-' or credentials[name:lower()] then
      for _, value in pairs(values) do txn.http:req_set_header(name, value) end
    end
  end
end, 1)
