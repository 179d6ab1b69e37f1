// UNTESTED: no .NET SDK could be had where this project's tests run; read it before you rely on it.
// Verifies X-User-Assertion on .NET 8 with NSec.Cryptography (dotnet add package NSec.Cryptography), since .NET itself has no Ed25519.
// In an app: new Verifier(...) once, then await verifier.VerifyAsync(request.Headers["X-User-Assertion"]); it throws where the app
// must answer 401.
using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using NSec.Cryptography;

public sealed class Verifier
{
    private const long LeewaySeconds = 5;
    private static readonly TimeSpan Refetch = TimeSpan.FromMinutes(1);
    private static readonly SignatureAlgorithm Ed25519 = SignatureAlgorithm.Ed25519;

    private readonly HttpClient http = new();
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly string jwksUrl, issuer, audience;
    private Dictionary<string, PublicKey> keys = new();
    private DateTime fetchedAt = DateTime.MinValue;

    public Verifier(string jwksUrl, string issuer, string audience)
        => (this.jwksUrl, this.issuer, this.audience) = (jwksUrl, issuer, audience);

    public async Task<JsonElement> VerifyAsync(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3) throw new UnauthorizedAccessException("not a JWT");
        var header = Json(parts[0]);
        if (Text(header, "alg") != "EdDSA") throw new UnauthorizedAccessException("unexpected algorithm"); // never what the token likes best
        var key = await KeyAsync(Text(header, "kid"));
        if (!Ed25519.Verify(key, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Bytes(parts[2]))) throw new UnauthorizedAccessException("wrong signature");
        var claims = Json(parts[1]);
        if (Text(claims, "iss") != issuer) throw new UnauthorizedAccessException("wrong issuer");
        if (Text(claims, "aud") != audience) throw new UnauthorizedAccessException("wrong audience");
        if (claims.GetProperty("exp").GetInt64() + LeewaySeconds < DateTimeOffset.UtcNow.ToUnixTimeSeconds()) throw new UnauthorizedAccessException("expired");
        if (Text(claims, "sub") == "") throw new UnauthorizedAccessException("no subject");
        return claims;
    }

    // An unknown key may be a new one; asked for once a minute at most, so nobody can make us ask without end.
    private async Task<PublicKey> KeyAsync(string kid)
    {
        await gate.WaitAsync();
        try
        {
            if (!keys.ContainsKey(kid) && DateTime.UtcNow - fetchedAt > Refetch)
            {
                using var jwks = JsonDocument.Parse(await http.GetStringAsync(jwksUrl));
                var fetched = new Dictionary<string, PublicKey>();
                foreach (var jwk in jwks.RootElement.GetProperty("keys").EnumerateArray())
                {
                    if (Text(jwk, "kty") == "OKP" && Text(jwk, "crv") == "Ed25519")
                        fetched[Text(jwk, "kid")] = PublicKey.Import(Ed25519, Bytes(Text(jwk, "x")), KeyBlobFormat.RawPublicKey);
                }
                (keys, fetchedAt) = (fetched, DateTime.UtcNow);
            }
            return keys.TryGetValue(kid, out var key) ? key : throw new UnauthorizedAccessException("unknown key");
        }
        finally
        {
            gate.Release();
        }
    }

    private static byte[] Bytes(string base64url)
    {
        var base64 = base64url.Replace('-', '+').Replace('_', '/');
        return Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '='));
    }

    private static JsonElement Json(string base64url) => JsonDocument.Parse(Bytes(base64url)).RootElement.Clone();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new UnauthorizedAccessException($"no {name}");
}
