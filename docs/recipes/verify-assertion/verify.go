// Verifies X-User-Assertion with Go's standard library (1.19 or newer). In an app: New(...) once, then
// verifier.Verify(request.Header.Get("X-User-Assertion")) for each request; an error means that the app must answer 401.
package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	leeway  = 5 * time.Second
	refetch = time.Minute
)

type Claims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Expires  int64  `json:"exp"`
	Username string `json:"username"`
	Email    string `json:"email"`
	Balance  string `json:"balance"`
}

type Verifier struct {
	jwksURL, issuer, audience string

	mutex   sync.Mutex
	keys    map[string]ed25519.PublicKey
	fetched time.Time
}

func New(jwksURL, issuer, audience string) *Verifier {
	return &Verifier{jwksURL: jwksURL, issuer: issuer, audience: audience}
}

func (v *Verifier) Verify(token string) (*Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a JWT")
	}
	var header struct{ Alg, Kid string }
	if err := decode(parts[0], &header); err != nil {
		return nil, err
	}
	if header.Alg != "EdDSA" { // never what the token likes best
		return nil, errors.New("unexpected algorithm")
	}
	key, err := v.key(header.Kid)
	if err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature) {
		return nil, errors.New("wrong signature")
	}
	var claims Claims
	if err := decode(parts[1], &claims); err != nil {
		return nil, err
	}
	switch {
	case claims.Issuer != v.issuer:
		return nil, errors.New("wrong issuer")
	case claims.Audience != v.audience:
		return nil, errors.New("wrong audience")
	case time.Unix(claims.Expires, 0).Add(leeway).Before(time.Now()):
		return nil, errors.New("expired")
	case claims.Subject == "":
		return nil, errors.New("no subject")
	}
	return &claims, nil
}

// An unknown key may be a new one; asked for once a minute at most, so nobody can make us ask without end.
func (v *Verifier) key(kid string) (ed25519.PublicKey, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if _, known := v.keys[kid]; !known && time.Since(v.fetched) > refetch {
		if err := v.fetch(); err != nil {
			return nil, err
		}
	}
	key, known := v.keys[kid]
	if !known {
		return nil, errors.New("unknown key")
	}
	return key, nil
}

func (v *Verifier) fetch() error {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(v.jwksURL)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var jwks struct {
		Keys []struct{ Kty, Crv, X, Kid string }
	}
	if err := json.NewDecoder(response.Body).Decode(&jwks); err != nil {
		return err
	}
	keys := map[string]ed25519.PublicKey{}
	for _, jwk := range jwks.Keys {
		x, err := base64.RawURLEncoding.DecodeString(jwk.X)
		if err == nil && jwk.Kty == "OKP" && jwk.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize {
			keys[jwk.Kid] = x
		}
	}
	v.keys, v.fetched = keys, time.Now()
	return nil
}

func decode(part string, into any) error {
	bytes, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(bytes, into)
}

// To try it: go run verify.go JWKS_URL ISSUER AUDIENCE, one assertion a line on standard input
func main() {
	verifier := New(os.Args[1], os.Args[2], os.Args[3])
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if claims, err := verifier.Verify(lines.Text()); err != nil {
			fmt.Println("refused")
		} else {
			fmt.Println("ok", claims.Subject, claims.Email)
		}
	}
}
