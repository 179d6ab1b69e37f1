# Verifies X-User-Assertion with PyJWT and cryptography (Debian: python3-jwt python3-cryptography; pip: "pyjwt[crypto]").
# In an app: Verifier(...) once, then `user = verifier.verify(request.headers["X-User-Assertion"])` for each request; it raises
# where the app must answer 401.
import sys

import jwt


class Verifier:
    def __init__(self, jwks_url, issuer, audience):
        self.keys = jwt.PyJWKClient(jwks_url, cache_keys=True, lifespan=300)
        self.issuer = issuer
        self.audience = audience

    def verify(self, token):
        key = self.keys.get_signing_key_from_jwt(token).key
        claims = jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],  # never what the token likes best
            issuer=self.issuer,
            audience=self.audience,
            leeway=5,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        if not isinstance(claims["sub"], str) or claims["sub"] == "":
            raise jwt.InvalidTokenError("no subject")
        return claims


# To try it: python3 verify.py JWKS_URL ISSUER AUDIENCE, one assertion a line on standard input
if __name__ == "__main__":
    verifier = Verifier(*sys.argv[1:4])
    for line in sys.stdin:
        try:
            claims = verifier.verify(line.strip())
            print("ok", claims["sub"], claims.get("email"), flush=True)
        except Exception:
            print("refused", flush=True)
