# Verifies X-User-Assertion with Ruby's standard library (openssl 3.0 or newer, in Ruby 3.1). In an app: Verifier.new(...) once,
# then `user = verifier.verify(request.get_header('HTTP_X_USER_ASSERTION'))`; it raises where the app must answer 401.
require 'json'
require 'net/http'
require 'openssl'

class Verifier
  Refused = Class.new(StandardError)
  LEEWAY_SECONDS = 5
  REFETCH_SECONDS = 60
  SPKI_PREFIX = ['302a300506032b6570032100'].pack('H*') # how the DER of every Ed25519 public key begins (RFC 8410)

  def initialize(jwks_url, issuer, audience)
    @jwks_url = URI(jwks_url)
    @issuer = issuer
    @audience = audience
    @keys = {}
    @fetched_at = nil
  end

  def verify(token)
    header, payload, signature, *rest = token.to_s.split('.', -1)
    raise Refused, 'not a JWT' if signature.nil? || !rest.empty?
    head = json(header)
    raise Refused, 'unexpected algorithm' unless head['alg'] == 'EdDSA' # never what the token likes best
    raise Refused, 'wrong signature' unless key(head['kid']).verify(nil, bytes(signature), "#{header}.#{payload}")
    claims = json(payload)
    raise Refused, 'wrong issuer' unless claims['iss'] == @issuer
    raise Refused, 'wrong audience' unless claims['aud'] == @audience
    raise Refused, 'expired' unless claims['exp'].is_a?(Integer) && claims['exp'] + LEEWAY_SECONDS >= Time.now.to_i
    raise Refused, 'no subject' unless claims['sub'].is_a?(String) && !claims['sub'].empty?
    claims
  end

  private

  # An unknown key may be a new one; asked for once a minute at most, so nobody can make us ask without end.
  def key(kid)
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    if !@keys.key?(kid) && (@fetched_at.nil? || now - @fetched_at > REFETCH_SECONDS)
      keys = JSON.parse(Net::HTTP.get(@jwks_url)).fetch('keys').select { |jwk| jwk['kty'] == 'OKP' && jwk['crv'] == 'Ed25519' }
      @keys = keys.to_h { |jwk| [jwk['kid'], OpenSSL::PKey.read(SPKI_PREFIX + bytes(jwk['x']))] }
      @fetched_at = now
    end
    @keys[kid] || raise(Refused, 'unknown key')
  end

  def bytes(base64url)
    raise Refused, 'not base64url' unless base64url.match?(/\A[A-Za-z0-9_-]+\z/)
    base64url.tr('-_', '+/').unpack1('m')
  end

  def json(base64url)
    value = JSON.parse(bytes(base64url))
    value.is_a?(Hash) ? value : raise(Refused, 'not an object')
  end
end

# To try it: ruby verify.rb JWKS_URL ISSUER AUDIENCE, one assertion a line on standard input
if $PROGRAM_NAME == __FILE__
  verifier = Verifier.new(*ARGV)
  while (line = $stdin.gets)
    begin
      claims = verifier.verify(line.chomp)
      puts "ok #{claims['sub']} #{claims['email']}"
    rescue StandardError
      puts 'refused'
    end
    $stdout.flush
  end
end
