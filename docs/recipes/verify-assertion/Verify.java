// Verifies X-User-Assertion with the JDK (15 or newer) and Gson for JSON (Debian: libgoogle-gson-java; com.google.code.gson:gson).
// In an app: new Verify(...) once, then verify(request.getHeader("X-User-Assertion")) for each request; it throws where the app
// must answer 401.
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

public final class Verify {
    private static final long LEEWAY_SECONDS = 5;
    private static final long REFETCH_NANOS = 60_000_000_000L;

    private final URI jwksUrl;
    private final String issuer;
    private final String audience;
    private final HttpClient http = HttpClient.newHttpClient();
    private Map<String, PublicKey> keys = new HashMap<>();
    private Long fetchedAt = null;

    public Verify(String jwksUrl, String issuer, String audience) {
        this.jwksUrl = URI.create(jwksUrl);
        this.issuer = issuer;
        this.audience = audience;
    }

    public JsonObject verify(String token) throws Exception {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) throw new GeneralSecurityException("not a JWT");
        JsonObject header = json(parts[0]);
        if (!"EdDSA".equals(text(header, "alg"))) throw new GeneralSecurityException("unexpected algorithm"); // never what the token likes best
        Signature signature = Signature.getInstance("Ed25519");
        signature.initVerify(key(text(header, "kid")));
        signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        if (!signature.verify(Base64.getUrlDecoder().decode(parts[2]))) throw new GeneralSecurityException("wrong signature");
        JsonObject claims = json(parts[1]);
        if (!issuer.equals(text(claims, "iss"))) throw new GeneralSecurityException("wrong issuer");
        if (!audience.equals(text(claims, "aud"))) throw new GeneralSecurityException("wrong audience");
        if (claims.get("exp").getAsLong() + LEEWAY_SECONDS < System.currentTimeMillis() / 1000) throw new GeneralSecurityException("expired");
        if (text(claims, "sub").isEmpty()) throw new GeneralSecurityException("no subject");
        return claims;
    }

    // An unknown key may be a new one; asked for once a minute at most, so nobody can make us ask without end.
    private synchronized PublicKey key(String kid) throws Exception {
        if (!keys.containsKey(kid) && (fetchedAt == null || System.nanoTime() - fetchedAt > REFETCH_NANOS)) {
            HttpResponse<String> response = http.send(HttpRequest.newBuilder(jwksUrl).build(), HttpResponse.BodyHandlers.ofString());
            Map<String, PublicKey> fetched = new HashMap<>();
            for (var element : JsonParser.parseString(response.body()).getAsJsonObject().getAsJsonArray("keys")) {
                JsonObject jwk = element.getAsJsonObject();
                if (text(jwk, "kty").equals("OKP") && text(jwk, "crv").equals("Ed25519")) fetched.put(text(jwk, "kid"), publicKey(text(jwk, "x")));
            }
            keys = fetched;
            fetchedAt = System.nanoTime();
        }
        PublicKey key = keys.get(kid);
        if (key == null) throw new GeneralSecurityException("unknown key");
        return key;
    }

    // RFC 8032 §5.1.2: little-endian y, the highest bit is the sign of x.
    private static PublicKey publicKey(String x) throws GeneralSecurityException {
        byte[] bytes = Base64.getUrlDecoder().decode(x);
        boolean xIsOdd = (bytes[bytes.length - 1] & 0x80) != 0;
        bytes[bytes.length - 1] &= 0x7f;
        for (int i = 0, j = bytes.length - 1; i < j; i++, j--) {
            byte swap = bytes[i];
            bytes[i] = bytes[j];
            bytes[j] = swap;
        }
        EdECPoint point = new EdECPoint(xIsOdd, new BigInteger(1, bytes));
        return KeyFactory.getInstance("Ed25519").generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point));
    }

    private static JsonObject json(String base64url) {
        return JsonParser.parseString(new String(Base64.getUrlDecoder().decode(base64url), StandardCharsets.UTF_8)).getAsJsonObject();
    }

    private static String text(JsonObject object, String name) throws GeneralSecurityException {
        var value = object.get(name);
        if (value == null || !value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) throw new GeneralSecurityException("no " + name);
        return value.getAsString();
    }

    // To try it: java -cp gson.jar Verify.java JWKS_URL ISSUER AUDIENCE, one assertion a line on standard input
    public static void main(String[] args) throws Exception {
        Verify verifier = new Verify(args[0], args[1], args[2]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null;) {
            try {
                JsonObject claims = verifier.verify(line);
                System.out.println("ok " + text(claims, "sub") + " " + text(claims, "email"));
            } catch (Exception refused) {
                System.out.println("refused");
            }
        }
    }
}
