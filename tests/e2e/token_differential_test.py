"""Ten thousand tokens, good and mutated, judged by authctl and by a second implementation (Python's JSON, cryptography):
every verdict, and its reason, must be the same. AUTHCTL_DIFFERENTIAL sets the number, AUTHCTL_SEED the run."""
import base64
import json
import math
import os
import random
import re
import unittest

from harness import HomeTest

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, hmac
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
except ImportError:
    ec = None

NOW = 1767225600
ISSUER, AUDIENCE = "https://auth.example", "https://api.example"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Refused(Exception):
    pass


def require(holds, reason="malformed"):
    if not holds:
        raise Refused(reason)


def decode(text):
    require(re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    require(encode(data) == text)
    return data


def depth_of(value):
    if isinstance(value, dict):
        return 1 + max([depth_of(v) for v in value.values()], default=0)
    return 1 + max([depth_of(v) for v in value], default=0) if isinstance(value, list) else 0


def read_object(data):
    def unique(pairs):
        require(len({k for k, _ in pairs}) == len(pairs))
        return dict(pairs)

    def finite(text):
        require(math.isfinite(float(text)))
        return float(text)

    try:
        text = data.decode()
        value = json.loads(text, object_pairs_hook=unique, parse_float=finite, parse_constant=lambda _: require(False))
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8
    except (ValueError, RecursionError):
        raise Refused("malformed")
    require(isinstance(value, dict) and depth_of(value) <= 32)
    return value


class Key:
    def __init__(self, alg):
        self.alg, self.kid = alg, "key-" + alg
        if alg == "HS256":
            self.secret = os.urandom(32)
            self.jwk = {"kty": "oct", "k": encode(self.secret)}
        elif alg == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
            n = self.private.public_key().public_numbers()
            self.jwk = {"kty": "EC", "crv": "P-256", "x": number(n.x, 32), "y": number(n.y, 32)}
        elif alg == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
            from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
            self.jwk = {
    "kty" : "OKP",
            "crv" : "Ed25519",
                    "x" : encode(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}
        else:
            self.private = rsa.generate_private_key(65537, 2048)
            n = self.private.public_key().public_numbers()
            self.jwk = {"kty": "RSA", "n": number(n.n), "e": number(n.e)}
        self.jwk.update(kid=self.kid, alg=alg)

    def mac(self, data):
        mac = hmac.HMAC(self.secret, hashes.SHA256())
        mac.update(data)
        return mac

    def sign(self, data):
        if self.alg == "HS256":
            return self.mac(data).finalize()
        if self.alg == "EdDSA":
            return self.private.sign(data)
        if self.alg == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verify(self, data, signature):
        try:
            if self.alg == "HS256":
                self.mac(data).verify(signature)
            elif self.alg == "EdDSA":
                self.private.public_key().verify(signature, data)
            elif self.alg == "RS256":
                require(len(signature) == 256, "bad_signature")
                self.private.public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            else:
                require(len(signature) == 64, "bad_signature")
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                require(r and s, "bad_signature")
                self.private.public_key().verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Refused("bad_signature")


def is_time(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 253402300799


def judge(token, keys):
    require(0 < len(token.encode()) <= 16384)
    parts = token.split(".")
    require(len(parts) == 3)
    header, claims, signature = read_object(decode(parts[0])), read_object(decode(parts[1])), decode(parts[2])
    require(isinstance(header.get("alg"), str) and not {"crit", "b64", "zip"} & set(header))
    require(all(isinstance(header[n], str) for n in ("kid", "typ") if n in header))
    require(all(is_time(claims[n]) for n in ("exp", "nbf", "iat") if n in claims))
    require(all(isinstance(claims[n], str) for n in ("iss", "sub", "jti") if n in claims) and claims.get("sub") != "")
    if "aud" in claims:
        many = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        require(all(isinstance(a, str) for a in many))
    require(header["alg"] in ("ES256", "EdDSA", "RS256", "HS256"), "unsupported_algorithm")
    require(header.get("kid") in keys, "unknown_key")
    key = keys[header["kid"]]
    require(key.alg == header["alg"], "unsupported_algorithm")
    key.verify((parts[0] + "." + parts[1]).encode(), signature)
    typ = header.get("typ", "").lower()
    require(typ.removeprefix("application/") == "at+jwt", "wrong_type")
    require(claims.get("type") == "access", "wrong_type")
    require(claims.get("iss") == ISSUER, "wrong_issuer")
    require("aud" in claims and AUDIENCE in many, "wrong_audience")
    require("exp" in claims and "sub" in claims, "missing_claim")
    require(claims.get("nbf", 0) <= NOW and claims.get("iat", 0) <= NOW, "not_yet_valid")
    require(NOW < claims["exp"], "expired")


ODD = [None, True, 0, 1, -1, 7.5, 1e300, NOW, NOW - 1, NOW + 1, NOW + 0.5, 253402300799, 253402300800, 2**63, 2**64, "", "x",
       ISSUER, AUDIENCE, AUDIENCE + "/", [], [AUDIENCE], ["x", AUDIENCE], [1], {}, {
    "a" : 1}, "access", "refresh", "at+jwt",
       "application/at+jwt", "AT+JWT", "JWT", "ES256", "RS256", "HS256", "EdDSA", "none", "PS256", "key-ES256", "key-RS256",
       "é\u2028😀", [[[[]]]]]
RAW = ['{"exp":1e400}', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', "[]", "null", "", "{", '{"a":"\\ud800"}', '\ufeff{}', "{} ", "{}x",
       '{"a":01}', '{"a":NaN}', '{"a":' + "[" * 31 + "]" * 31 + "}", '{"a":' + "[" * 32 + "]" * 32 + "}"]


class Maker:
    def __init__(self, seed, keys):
        self.random, self.keys = random.Random(seed), list(keys.values())

    def change(self, members, names):
        for _ in range(self.random.choice((0, 0, 1, 1, 2))):
            name = self.random.choice(names)
            if self.random.random() < 0.2:
                members.pop(name, None)
            else:
                members[name] = self.random.choice(ODD)

    def spoil(self, token):
        kind, at = self.random.randrange(6), self.random.randrange(len(token))
        letter = self.random.choice("ABCDwxyz0189-_=+/. é")
        if kind == 0:
            return token[:at] + letter + token[at + 1:]
        if kind == 1:
            return token[:at] + letter + token[at:]
        if kind == 2:
            return token[:at] or "."
        if kind == 3:
            return token[:-1] + self.random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        if kind == 4:
            return token + "A" * self.random.choice((1, 4, 17000))
        return token[:token.rindex(".") + 1]

    def token(self):
        rsa_is_slow = [1, 1, 1, 0.1]
        key, signer = self.random.choices(self.keys, rsa_is_slow, k=2) if self.random.random() < 0.05 else (lambda k: (k, k))(
            self.random.choices(self.keys, rsa_is_slow)[0])
        header = {"alg": key.alg, "typ": "at+jwt", "kid": key.kid}
        claims = {
    "iss" : ISSUER,
            "sub" : "u1",
                    "aud" : AUDIENCE,
                            "exp" : NOW + 900,
                            "iat" : NOW,
                                    "nbf" : NOW,
                                            "jti" : "j",
                                                    "type" : "access"}
        if self.random.random() < 0.3:
            self.change(header, ["alg", "typ", "kid", "crit", "b64", "zip", "jku", "jwk", "x5c", "cty"])
        self.change(claims, [*claims, "scope", "roles"])
        texts = [json.dumps(p, ensure_ascii=self.random.random() < 0.5) for p in (header, claims)]
        if self.random.random() < 0.05:
            texts[self.random.randrange(2)] = self.random.choice(RAW)
        text = ".".join(encode(t.encode("utf-8", "surrogatepass")) for t in texts)
        token = text + "." + encode(signer.sign(text.encode()))
        return self.spoil(token) if self.random.random() < 0.2 else token


class Differential(HomeTest):
    @unittest.skipIf(ec is None, "skipped: python3-cryptography is not installed")
    def test_a_second_implementation_agrees_on_every_token(self):
        count, seed = int(os.environ.get("AUTHCTL_DIFFERENTIAL", "10000")), int(os.environ.get("AUTHCTL_SEED", "1"))
        keys = {key.kid: key for key in map(Key, ("HS256", "ES256", "EdDSA", "RS256"))}
        maker = Maker(seed, keys)
        tokens = [maker.token() for _ in range(count)]
        jwks = self.home.write("keys.json", json.dumps({"keys": [k.jwk for k in keys.values()]}))
        batch = self.home.write("tokens", "\n".join(tokens) + "\n")
        ran = self.home.run("token", "verify", batch, "--batch", "--jwks", jwks, "--issuer", ISSUER, "--audience", AUDIENCE, "--type",
                            "access", "--typ", "at+jwt", "--require", "sub", "--now", str(NOW))
        self.assertEqual(ran.code, 7, ran.err)
        lines = ran.out.split("\n")[:-1]  # a claim may hold U+2028
        self.assertEqual(len(lines), count)
        seen = {}
        for token, line in zip(tokens, lines):
            try:
                judge(token, keys)
                expected = None
            except Refused as refused:
                expected = str(refused)
            given = json.loads(line)
            self.assertEqual((given["valid"], given["reason"]), (expected is None, expected), f"seed {seed}: {token}")
            seen[expected] = seen.get(expected, 0) + 1
        self.assertGreater(seen.get(None, 0), count // 10, seen)
        self.assertGreaterEqual(len(seen), 10, seen)
        print(f"{count} tokens, no difference:", dict(sorted(seen.items(), key=str)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
