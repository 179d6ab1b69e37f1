<?php
// Verifies X-User-Assertion with sodium and json, which PHP 7.2 and newer have built in. In an app: new Verifier(...) once, then
// `$user = $verifier->verify($_SERVER['HTTP_X_USER_ASSERTION'] ?? '')`; it throws where the app must answer 401. With PHP-FPM keep
// the keys in APCu instead of the object, which lives for one request.
declare(strict_types=1);

final class Verifier
{
    private const LEEWAY_SECONDS = 5;
    private const REFETCH_SECONDS = 60;
    private array $keys = [];
    private int $fetchedAt = 0;

    public function __construct(private string $jwksUrl, private string $issuer, private string $audience)
    {
    }

    public function verify(string $token): array
    {
        $parts = explode('.', $token);
        if (count($parts) !== 3) {
            throw new UnexpectedValueException('not a JWT');
        }
        [$header, $payload, $signature] = $parts;
        $head = self::json($header);
        if (($head['alg'] ?? null) !== 'EdDSA' || !is_string($head['kid'] ?? null)) {
            throw new UnexpectedValueException('unexpected algorithm'); // never what the token likes best
        }
        $bytes = self::bytes($signature);
        if (strlen($bytes) !== SODIUM_CRYPTO_SIGN_BYTES
            || !sodium_crypto_sign_verify_detached($bytes, "$header.$payload", $this->key($head['kid']))) {
            throw new UnexpectedValueException('wrong signature');
        }
        $claims = self::json($payload);
        if (($claims['iss'] ?? null) !== $this->issuer) {
            throw new UnexpectedValueException('wrong issuer');
        }
        if (($claims['aud'] ?? null) !== $this->audience) {
            throw new UnexpectedValueException('wrong audience');
        }
        if (!is_int($claims['exp'] ?? null) || $claims['exp'] + self::LEEWAY_SECONDS < time()) {
            throw new UnexpectedValueException('expired');
        }
        if (!is_string($claims['sub'] ?? null) || $claims['sub'] === '') {
            throw new UnexpectedValueException('no subject');
        }
        return $claims;
    }

    // An unknown key may be a new one; asked for once a minute at most, so nobody can make us ask without end.
    private function key(string $kid): string
    {
        if (!isset($this->keys[$kid]) && time() - $this->fetchedAt > self::REFETCH_SECONDS) {
            $jwks = json_decode((string) file_get_contents($this->jwksUrl), true, 16, JSON_THROW_ON_ERROR);
            $this->keys = [];
            foreach ($jwks['keys'] as $jwk) {
                if ($jwk['kty'] === 'OKP' && $jwk['crv'] === 'Ed25519') {
                    $this->keys[$jwk['kid']] = self::bytes($jwk['x']);
                }
            }
            $this->fetchedAt = time();
        }
        return $this->keys[$kid] ?? throw new UnexpectedValueException('unknown key');
    }

    private static function bytes(string $base64url): string
    {
        return sodium_base642bin($base64url, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
    }

    private static function json(string $base64url): array
    {
        $value = json_decode(self::bytes($base64url), true, 16, JSON_THROW_ON_ERROR);
        return is_array($value) ? $value : throw new UnexpectedValueException('not an object');
    }
}

// To try it: php verify.php JWKS_URL ISSUER AUDIENCE, one assertion a line on standard input
if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    $verifier = new Verifier($argv[1], $argv[2], $argv[3]);
    while (($line = fgets(STDIN)) !== false) {
        try {
            $claims = $verifier->verify(trim($line));
            echo "ok {$claims['sub']} {$claims['email']}\n";
        } catch (Throwable) {
            echo "refused\n";
        }
    }
}
