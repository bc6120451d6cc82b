//! What is accepted as a token, and what is not: one row for each way to go wrong.

use super::issuers::{self, Subject};
use super::jwks::{self, IssuerKey};
use super::jws::{Flaw, Unverified};
use super::session::{self, SESSION_MS, Session};
use crate::config::Config;
use crate::ids::{SessionId, UserId};
use crate::time::{DAY_MS, SECOND_MS, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

// Made for these tests with openssl; they guard nothing.
const RSA_PRIVATE: &str = concat!(
    "MIIEpQIBAAKCAQEAoziaJJdEsFHBW/LdStCqgmjuKdGKccabUTmyykPbYkp/J5IdkWJiisGNq+IQjPqIz4DN7GOKhZ4ArT3nPSOAmu2h",
    "B5cRq/0w2ceNBvPXPAdkhMMpngYhQmtUE4ia61VGZwyR8RoGT/ZexDU9czU8rIqW4IrM5sz7VjdaQ2UVi/9J3GtShi1uWxNPVa/gQHps",
    "WZ+v6WRIfsumjIVEuWEbGLA2GwJ4UmcqoSauWmEgSYaXca6bLsxg3TITykyaG6AD7kyRzhk1s51OJtvabCQ112Jq2Lqk2MXzOq2LjoEo",
    "wtClsON9eKr4vRLjgF+KUvlGVs1ecFIEyAriqqcHFY0CswIDAQABAoIBABBRDru8sX2s1pcSCsQ5YupBghmFHIFuOMWgbnqg2PQU/Wwf",
    "w7vuaWp0meyGX2AwhW+08SEB/G2KE4g+CXlHrMoQGkpvdDFM0M7cj4ET7D7QgGBzQBxPgZCpuRBw1gfTkQOpMoe3Mc1ZlDSqG9gCCOw4",
    "uId+6Kfj8vY191yIZOSHOlZhec3aTcZLHK4d6/3Oij0kgXRYT1PpWK2rEvoW8c7r8ZCapTCt5S5cJdkfbh7Q1a4zZfYs+OO+IZvKw9av",
    "1qMTDIEGwUPPkXH69C2nskZapal2bOPJcFaNHa3p6gUjQ+s80bctnBYMi+7iUckwVd3l4H5t9MH1FVQSiqIBpBUCgYEA13qmjWrgSFRR",
    "lYyRPwjYFHY+F+rIutfHCaGDA3pG0nBGrhVleBN5075W6RkpZyoI9rhvn+X/SDQNCC1Hkk4XQ2y4VGq40/7eSF/MwPeFSOrt0/P9Yg/a",
    "oM+p8l9e0enrYjlzFIya0BWFAKiqfmTZiZpkw8+Q+2n5ApvW/A4GN4UCgYEAweo01HNGSTCrTDXXh004zMYkwAhitkMirXw4pEGWRdmF",
    "CmnVHugyXvHruHd2Y9UI+DERBePue78fo6hCN4Pt8ZF5r2z6lHFAJ89dylMKbHFpRs4Sh0Fp642s5sQzoe2JGlcJXvBFQF3phImqHlWN",
    "AiTEukRI86UnS/UbPCUTetcCgYEAs9JjU/kxGqtjOk6Il/YlfU4AG62Pvn18WQk0cJ6Go++WzIiGmWKHdLGPjg+1gaaOvHbGkMY7+GGX",
    "zo8a/3mz6Ey+t5QokqJLllJ8aT0nOeb0esFPX5qjdThYNzBnzP5NtTcEVs3QFH8g85/OSJSZBkCWfuKlt2qEqCytiMObZJECgYEAqmmi",
    "h9nOON/WiiD/Cd6pPfwbq88ywK37Oa7jMCabY0MnkeEz8/dm3N2JpBEIL++19DdamGyY1pM9wNtLZfJBF3wbDjmddPqZwOKRsA6OKIL6",
    "W8kZq1enN+THv/1IytMvG8DFcXOByHE/mMRKhmH0i5+4a2E7IzNOd4gtqQuENP0CgYEAtwQEaBXdcvYTUekxAy/EfZu1XDTp/lsXIYsB",
    "/BGzPUqb3v15/Whdqusep5EDqE+3zRKvQzA7JQlmoaj4Q8/9x/Tl65lzzkl1LIAxePrwO8fwH4pceswSbyHJTgzaytrEyk07vaXA3wZS",
    "tThDs2P1cMgp1sFy+lvNLHMwDgIyEwA=",
);
const RSA_MODULUS: &str = concat!(
    "oziaJJdEsFHBW_LdStCqgmjuKdGKccabUTmyykPbYkp_J5IdkWJiisGNq-IQjPqIz4DN7GOKhZ4ArT3nPSOAmu2hB5cRq_0w2ceNBvPX",
    "PAdkhMMpngYhQmtUE4ia61VGZwyR8RoGT_ZexDU9czU8rIqW4IrM5sz7VjdaQ2UVi_9J3GtShi1uWxNPVa_gQHpsWZ-v6WRIfsumjIVE",
    "uWEbGLA2GwJ4UmcqoSauWmEgSYaXca6bLsxg3TITykyaG6AD7kyRzhk1s51OJtvabCQ112Jq2Lqk2MXzOq2LjoEowtClsON9eKr4vRLj",
    "gF-KUvlGVs1ecFIEyAriqqcHFY0Csw",
);
const EC_PRIVATE: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmKRX0ZfteZDQRCTXsLi+8JMqU/iqbc6hwFn3pNfE0VahRANCAAS4+lft",
    "APCe3IHzHE8F1KZDbS+2k78rMmemkYk6NL02TeQ1LwbtG0gMK9lwjiz/QMcIUvOLNHe4Xlv41gXuQIwz",
);
const EC_X: &str = "uPpX7QDwntyB8xxPBdSmQ20vtpO_KzJnppGJOjS9Nk0";
const EC_Y: &str = "5DUvBu0bSAwr2XCOLP9AxwhS84s0d7heW_jWBe5AjDM";
const ED_PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEIMkf+bivBKEYTWHr3Cm7aJnVPNuX7B8o+IpZXWh7NkP5";
const ED_X: &str = "ZgWaoWOUPkcNm3hr8V3x31BlcOuBc6APDIy89wDkwpU";

const SECRET: &str = "a secret for tests, long enough to be one";
const NOW: Timestamp = Timestamp::from_millis(1_795_262_400_000);
const NOW_SECONDS: i64 = NOW.millis() / SECOND_MS;

fn config() -> Config {
    let issuers = json!([{
        "issuer": "https://id.test", "audience": "godwit-api", "jwks_url": "https://id.test/keys",
    }]);
    Config::read(|name| match name {
        "BASE_URL" => Some("https://godwit.test".to_owned()),
        "JWT_SECRET" => Some(SECRET.to_owned()),
        "ENCRYPTION_KEYS" => Some("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        "JWT_ISSUERS" => Some(issuers.to_string()),
        _ => None,
    })
    .unwrap()
}

fn token(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

// `changes` with null removes a member.
fn changed(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    object
}

mod sessions {
    use super::*;

    const UUID: &str = "019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c";

    fn session() -> Session {
        Session {
            id: SessionId::parse(&format!("sess_{UUID}")).unwrap(),
            user_id: UserId::parse(&format!("user_{UUID}")).unwrap(),
        }
    }

    fn issued() -> String {
        session::issue(&config(), &session(), NOW, NOW.plus_ms(SESSION_MS))
            .unwrap()
            .expose_secret()
            .to_owned()
    }

    fn verify(token: &str, now: Timestamp) -> Result<Session, Flaw> {
        session::verify(&config(), &Unverified::read(token)?, now)
    }

    fn made(header: &Value, claims: &Value) -> String {
        let header = changed(
            json!({ "alg": "HS256", "typ": "godwit-session+jwt" }),
            header,
        );
        let genuine = json!({
            "iss": "https://godwit.test", "aud": "godwit", "sub": format!("user_{UUID}"),
            "sid": format!("sess_{UUID}"), "iat": NOW_SECONDS, "exp": NOW_SECONDS + 60,
        });
        token(
            &header,
            &changed(genuine, claims),
            &EncodingKey::from_secret(SECRET.as_bytes()),
            Algorithm::HS256,
        )
    }

    #[test]
    fn a_token_names_its_session_until_it_expires() {
        let token = issued();
        assert_eq!(verify(&token, NOW), Ok(session()));
        assert_eq!(verify(&token, NOW.plus_ms(SESSION_MS - 1)), Ok(session()));
        assert_eq!(verify(&token, NOW.plus_ms(SESSION_MS)), Err(Flaw::Expired));
        let read = Unverified::read(&token).unwrap();
        assert!(session::claims_to_be_ours(&config(), &read));
        assert_eq!(
            session::recognise(&config(), &read),
            Ok(session()),
            "so that an expired one can be ended"
        );
        const { assert!(SESSION_MS <= 30 * DAY_MS) };
    }

    #[test]
    fn a_changed_bit_anywhere_is_noticed() {
        let token = issued();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();
            assert!(
                tampered == token || verify(&tampered, NOW).is_err(),
                "byte {at}"
            );
            assert!(verify(&token[..at], NOW).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn every_other_token_is_refused() {
        assert!(verify(&made(&json!({}), &json!({})), NOW).is_ok());
        let none = json!({ "alg": "none" });
        let table = [
            ("alg none", made(&none, &json!({}))),
            ("alg None", made(&json!({ "alg": "None" }), &json!({}))),
            ("another alg", made(&json!({ "alg": "HS512" }), &json!({}))),
            (
                "an asymmetric alg",
                made(&json!({ "alg": "RS256" }), &json!({})),
            ),
            ("no alg", made(&json!({ "alg": null }), &json!({}))),
            ("another type", made(&json!({ "typ": "JWT" }), &json!({}))),
            (
                "a critical extension",
                made(&json!({ "crit": ["b64"], "b64": false }), &json!({})),
            ),
            ("compressed", made(&json!({ "zip": "DEF" }), &json!({}))),
            (
                "another audience",
                made(&json!({}), &json!({ "aud": "other" })),
            ),
            ("no expiry", made(&json!({}), &json!({ "exp": null }))),
            (
                "an expiry that is no number",
                made(&json!({}), &json!({ "exp": "never" })),
            ),
            (
                "an expiry beyond all numbers",
                made(&json!({}), &json!({ "exp": 1e300 })),
            ),
            (
                "not valid yet",
                made(&json!({}), &json!({ "nbf": NOW_SECONDS + 1 })),
            ),
            ("no session", made(&json!({}), &json!({ "sid": null }))),
            ("no user", made(&json!({}), &json!({ "sub": "somebody" }))),
            (
                "huge",
                made(&json!({}), &json!({ "padding": "x".repeat(8 * 1024) })),
            ),
            ("two parts", issued().rsplit_once('.').unwrap().0.to_owned()),
            (
                "no signature",
                format!("{}.", issued().rsplit_once('.').unwrap().0),
            ),
            ("five parts", format!("{}.a.b", issued())),
            ("nothing", String::new()),
            ("dots", "..".to_owned()),
        ];
        for (what, token) in table {
            assert!(
                matches!(verify(&token, NOW), Err(Flaw::Invalid(_))),
                "{what}"
            );
        }
        let other = EncodingKey::from_secret(b"another secret");
        let [header, claims, _] = issued()
            .split('.')
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        let message = format!("{header}.{claims}");
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &other, Algorithm::HS256).unwrap();
        assert!(
            verify(&format!("{message}.{signature}"), NOW).is_err(),
            "another secret"
        );
    }
}

mod issuers_tokens {
    use super::*;

    fn jwk(changes: &Value) -> Value {
        changed(
            json!({ "kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": RSA_MODULUS, "e": "AQAB" }),
            changes,
        )
    }

    fn keys() -> Vec<IssuerKey> {
        let document = json!({ "keys": [
            jwk(&json!({})),
            { "kty": "EC", "kid": "e", "crv": "P-256", "x": EC_X, "y": EC_Y },
            { "kty": "OKP", "kid": "d", "crv": "Ed25519", "x": ED_X, "alg": "EdDSA", "key_ops": ["verify"] },
        ]});
        jwks::read(document.to_string().as_bytes()).unwrap()
    }

    fn private(algorithm: Algorithm) -> EncodingKey {
        let der = |text: &str| STANDARD.decode(text).unwrap();
        match algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_der(&der(EC_PRIVATE)),
            Algorithm::EdDSA => EncodingKey::from_ed_der(&der(ED_PRIVATE)),
            _ => EncodingKey::from_rsa_der(&der(RSA_PRIVATE)),
        }
    }

    fn genuine() -> Value {
        json!({
            "iss": "https://id.test", "aud": "godwit-api", "sub": "person-1", "exp": NOW_SECONDS + 300,
            "email": "Ada@Example.com", "email_verified": true, "name": "Ada",
        })
    }

    fn made(header: &Value, claims: &Value) -> String {
        let header = changed(json!({ "alg": "RS256", "kid": "r", "typ": "JWT" }), header);
        token(
            &header,
            &changed(genuine(), claims),
            &private(Algorithm::RS256),
            Algorithm::RS256,
        )
    }

    fn verify(token: &str) -> Result<Subject, Flaw> {
        let (config, token) = (config(), Unverified::read(token)?);
        let checked = issuers::check(&config, &token, NOW)?;
        let key = issuers::find(&keys(), &checked.wanted).ok_or(Flaw::Invalid("no such key"))?;
        token.verify(&key)?;
        Ok(checked.subject)
    }

    #[test]
    fn each_of_the_three_algorithms_is_accepted_with_its_own_key() {
        for (name, kid, algorithm) in [
            ("RS256", "r", Algorithm::RS256),
            ("ES256", "e", Algorithm::ES256),
            ("EdDSA", "d", Algorithm::EdDSA),
        ] {
            let token = token(
                &json!({ "alg": name, "kid": kid }),
                &genuine(),
                &private(algorithm),
                algorithm,
            );
            let subject = verify(&token).unwrap();
            assert_eq!(
                (subject.issuer.as_str(), subject.sub.as_str()),
                ("https://id.test", "person-1")
            );
            assert_eq!(
                (subject.email.as_deref(), subject.name.as_deref()),
                (Some("ada@example.com"), Some("Ada"))
            );
            assert_eq!(subject.expires_at, NOW.plus_ms(300 * SECOND_MS));
        }
    }

    #[test]
    fn what_an_issuer_may_write_differently_is_understood() {
        for claims in [
            json!({ "aud": ["other", "godwit-api"] }),
            json!({ "exp": 1_795_262_700.5 }),
            json!({ "exp": NOW_SECONDS - 59 }),
            json!({ "nbf": NOW_SECONDS + 60 }),
            json!({ "email": { "odd": true }, "name": 7 }),
        ] {
            assert!(verify(&made(&json!({}), &claims)).is_ok(), "{claims}");
        }
        for header in [
            json!({ "typ": null }),
            json!({ "typ": "at+jwt" }),
            json!({ "typ": "application/AT+JWT" }),
        ] {
            assert!(verify(&made(&header, &json!({}))).is_ok(), "{header}");
        }
        let unchecked = verify(&made(&json!({}), &json!({ "email_verified": false }))).unwrap();
        assert_eq!(
            unchecked.email, None,
            "an address that nobody checked would block its owner"
        );
    }

    #[test]
    fn an_expired_token_is_told_from_one_that_was_never_good() {
        assert_eq!(
            verify(&made(&json!({}), &json!({ "exp": NOW_SECONDS - 60 }))),
            Err(Flaw::Expired)
        );
    }

    #[test]
    fn every_other_token_is_refused() {
        let h = |header: Value| made(&header, &json!({}));
        let c = |claims: Value| made(&json!({}), &claims);
        let hmac = |secret: &[u8]| {
            let header = json!({ "alg": "HS256", "kid": "r" });
            token(
                &header,
                &genuine(),
                &EncodingKey::from_secret(secret),
                Algorithm::HS256,
            )
        };
        let table = [
            ("alg none", h(json!({ "alg": "none" }))),
            (
                "the public key as a secret",
                hmac(&URL_SAFE_NO_PAD.decode(RSA_MODULUS).unwrap()),
            ),
            ("our own secret", hmac(SECRET.as_bytes())),
            ("RSA with another hash", h(json!({ "alg": "RS512" }))),
            ("PSS", h(json!({ "alg": "PS256" }))),
            ("a key of another algorithm", h(json!({ "alg": "ES256" }))),
            ("the kid of another key", h(json!({ "kid": "d" }))),
            ("an unknown kid", h(json!({ "kid": "x" }))),
            ("no kid", h(json!({ "kid": null }))),
            ("a logout token", h(json!({ "typ": "logout+jwt" }))),
            ("a critical extension", h(json!({ "crit": ["exp"] }))),
            ("encrypted", h(json!({ "enc": "A128GCM" }))),
            (
                "a key brought along",
                h(json!({ "kid": "x", "jwk": jwk(&json!({})), "jku": "https://evil.test" })),
            ),
            ("another issuer", c(json!({ "iss": "https://evil.test" }))),
            ("no issuer", c(json!({ "iss": null }))),
            ("another audience", c(json!({ "aud": "other" }))),
            ("no audience", c(json!({ "aud": null }))),
            ("an empty audience", c(json!({ "aud": [] }))),
            ("no expiry", c(json!({ "exp": null }))),
            (
                "an expiry that is no number",
                c(json!({ "exp": "2099-01-01" })),
            ),
            (
                "not valid for over a minute",
                c(json!({ "nbf": NOW_SECONDS + 61 })),
            ),
            ("an empty subject", c(json!({ "sub": "" }))),
            ("no subject", c(json!({ "sub": null }))),
            ("a long subject", c(json!({ "sub": "x".repeat(256) }))),
            ("huge", c(json!({ "padding": "x".repeat(8 * 1024) }))),
        ];
        for (what, token) in table {
            assert!(
                matches!(verify(&token), Err(Flaw::Invalid(_))),
                "{what}: {:?}",
                verify(&token)
            );
        }
        let mut swapped = made(&json!({}), &json!({ "sub": "person-2" }));
        let signature = made(&json!({}), &json!({}))
            .rsplit_once('.')
            .unwrap()
            .1
            .to_owned();
        swapped.truncate(swapped.rfind('.').unwrap() + 1);
        assert!(
            verify(&format!("{swapped}{signature}")).is_err(),
            "another token's signature"
        );
    }

    #[test]
    fn a_signature_that_is_changed_or_of_another_length_never_fits() {
        for (name, kid, algorithm) in [
            ("RS256", "r", Algorithm::RS256),
            ("ES256", "e", Algorithm::ES256),
            ("EdDSA", "d", Algorithm::EdDSA),
        ] {
            let header = json!({ "alg": name, "kid": kid });
            let token = token(&header, &genuine(), &private(algorithm), algorithm);
            let (message, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let mut others = vec![
                Vec::new(),
                vec![0; signature.len()],
                vec![0xff; signature.len()],
                signature[1..].to_vec(),
                signature[..signature.len() - 1].to_vec(),
                [signature.as_slice(), &[0]].concat(),
                [&[0], signature.as_slice()].concat(),
            ];
            for at in 0..signature.len() {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                others.push(changed);
            }
            for other in others {
                let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&other));
                assert_eq!(
                    verify(&token),
                    Err(Flaw::Invalid("The token's signature does not fit.")),
                    "{name}: {other:?}"
                );
            }
        }
    }

    #[test]
    fn keys_that_must_not_check_signatures_are_left_out() {
        let short = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xff; bytes]);
        for unusable in [
            jwk(&json!({ "use": "enc" })),
            jwk(&json!({ "key_ops": ["sign", "encrypt"] })),
            jwk(&json!({ "alg": "RS512" })),
            jwk(&json!({ "alg": "RSA-OAEP" })),
            jwk(&json!({ "kid": null })),
            jwk(&json!({ "n": short(128) })),
            jwk(&json!({ "n": short(513) })),
            jwk(&json!({ "e": "AQAA" })),
            jwk(&json!({ "e": "" })),
            jwk(&json!({ "n": "not base64!" })),
            jwk(&json!({ "kty": "oct", "k": "AAAA", "n": null })),
            json!({ "kty": "EC", "kid": "e", "crv": "P-384", "x": EC_X, "y": EC_Y }),
            json!({ "kty": "EC", "kid": "e", "crv": "P-256", "x": short(31), "y": EC_Y }),
            json!({ "kty": "EC", "kid": "e", "crv": "P-256", "x": EC_Y, "y": EC_X }),
            json!({ "kty": "OKP", "kid": "d", "crv": "Ed25519", "x": short(31) }),
            json!({ "kty": "OKP", "kid": "d", "crv": "X25519", "x": ED_X }),
            json!("a key"),
        ] {
            let document =
                json!({ "keys": [unusable, jwk(&json!({ "kid": "good" }))] }).to_string();
            let kids: Vec<_> = jwks::read(document.as_bytes())
                .unwrap()
                .into_iter()
                .map(|key| key.kid)
                .collect();
            assert_eq!(kids, ["good"], "{unusable}");
        }
        for bad in ["", "[]", "{}", r#"{"keys":1}"#, "<html>"] {
            assert!(jwks::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
