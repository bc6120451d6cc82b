//! Signatures, against values that other programs have computed.

use super::Method;

const FRESH: &[u8] = include_bytes!("../../youtube/samples/01-new-2021-freshmovietrailers.xml");
const EMOJI: &[u8] = include_bytes!("../../youtube/samples/02-new-2025-emoji-author.xml");
const COMPACT: &[u8] = include_bytes!("../../youtube/samples/09-update-2017-compact.xml");
const DELETED: &[u8] = include_bytes!("../../youtube/samples/12-deleted-2025-real.xml");
const OFFICIAL: &[u8] = include_bytes!("../../youtube/samples/14-official-doc-example.xml");

#[test]
fn the_samples_have_the_signatures_that_were_computed_elsewhere() {
    let sha1 = [
        (FRESH, 904, "d93c4d25d0786084a3816989bb08ecee943a2946"),
        (EMOJI, 899, "0fd46996c8bd27bf226bcbe2ea815f0ccf9f8a40"),
        (COMPACT, 825, "c81d7721fdf6ac593f98780cc89677d4b73342d6"),
        (DELETED, 427, "8810e75878aa926cdb91d405303a8a7ebe64165a"),
        (OFFICIAL, 828, "8757343531d9ef75d912320be730ab50aabb9619"),
    ];
    for (body, length, expected) in sha1 {
        assert_eq!(body.len(), length);
        assert_eq!(
            Method::Sha1.sign(b"s3cret", body),
            format!("sha1={expected}")
        );
    }
    assert_eq!(
        Method::Sha256.sign(b"s3cret", FRESH),
        "sha256=22a41ca9fcd1ebe87956db388e0758c86846d10898f279e904b6d5c32e36fdf8"
    );
}

/// RFC 4231, test cases 2 and 6: a key shorter than the block, and one longer.
#[test]
fn the_longer_methods_agree_with_the_rfc() {
    let long = [0xaa; 131];
    let long_data = b"Test Using Larger Than Block-Size Key - Hash Key First";
    let cases: [(Method, &[u8], &[u8], &str); 4] = [
        (
            Method::Sha384,
            b"Jefe",
            b"what do ya want for nothing?",
            "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            Method::Sha512,
            b"Jefe",
            b"what do ya want for nothing?",
            "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
        (
            Method::Sha256,
            &long,
            long_data,
            "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            Method::Sha512,
            &long,
            long_data,
            "sha512=80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
        ),
    ];
    for (method, key, message, expected) in cases {
        assert_eq!(method.sign(key, message), expected);
    }
}
