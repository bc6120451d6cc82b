//! Addresses that may be fetched, and all the ways to write one that may not.

use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> Refused {
    check(text).expect_err(text)
}

#[test]
fn public_names_are_fetched() {
    for (text, fetched) in [
        ("https://example.com/a.jpg", "https://example.com/a.jpg"),
        (
            "https://EXAMPLE.com:443/a?b=c#d",
            "https://example.com/a?b=c",
        ),
        ("  https://example.com/\n", "https://example.com/"),
        ("https:example.com\\a", "https://example.com/a"),
        ("https://example.com./a", "https://example.com./a"),
        ("https://xn--mnchen-3ya.de/a", "https://xn--mnchen-3ya.de/a"),
        ("https://local.example.com/", "https://local.example.com/"),
        ("https://notlocalhost.com/", "https://notlocalhost.com/"),
        ("https://internal.com/", "https://internal.com/"),
        (
            "https://1.2.3.4.example.com/",
            "https://1.2.3.4.example.com/",
        ),
        ("https://0x7f.1.example/", "https://0x7f.1.example/"),
    ] {
        assert_eq!(
            check(text).map(String::from).as_deref(),
            Ok(fetched),
            "{text}"
        );
    }
}

#[test]
fn other_schemes_credentials_and_ports_are_refused() {
    for (text, why) in [
        ("http://example.com/", Refused::NotHttps),
        ("ftp://example.com/", Refused::NotHttps),
        ("file:///etc/passwd", Refused::NotHttps),
        ("data:image/png;base64,AAAA", Refused::NotHttps),
        ("blob:https://example.com/1", Refused::NotHttps),
        ("javascript:alert(1)", Refused::NotHttps),
        ("wss://example.com/", Refused::NotHttps),
        ("https://user@example.com/", Refused::Credentials),
        ("https://user:word@example.com/", Refused::Credentials),
        ("https://:word@example.com/", Refused::Credentials),
        (
            "https://example.com%40evil@example.com/",
            Refused::Credentials,
        ),
        ("https://example.com:80/", Refused::Port),
        ("https://example.com:8443/", Refused::Port),
        ("https://example.com:0/", Refused::Port),
        ("https://example.com:65536/", Refused::NoUrl),
        ("", Refused::NoUrl),
        ("example.com/a.jpg", Refused::NoUrl),
        ("//example.com/a.jpg", Refused::NoUrl),
        ("https://", Refused::NoUrl),
        ("https://exa mple.com/", Refused::NoUrl),
        ("https://münchen.de/", Refused::NoUrl),
    ] {
        assert_eq!(refused(text), why, "{text}");
    }
}

#[test]
fn addresses_in_numbers_are_refused_in_every_spelling() {
    for host in [
        // 127.0.0.1: whole, short, decimal, hex, octal, mixed, percent-encoded, with a point at the end.
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0x7F.1",
        "127.0.0.1.",
        "0x7f.1.",
        "%31%32%37.0.0.1",
        "127.0.0.0x1",
        "00000177.1",
        // Unspecified, private, shared, link-local, documentation, benchmark, multicast, reserved, broadcast.
        "0",
        "0.0.0.0",
        "0x",
        "10.0.0.1",
        "10.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "192.168.257",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "192.0.0.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "4294967295",
        // Public ones, which the runtime would not fetch either.
        "8.8.8.8",
        "1.1.1.1",
        "[2606:4700:4700::1111]",
        // The same of IPv6, and what carries an address of IPv4.
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::a00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[2001::1]",
        "[fe80::1]",
        "[febf::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[2001:2::1]",
        "[100::1]",
        "[5f00::1]",
        "[fec0::1]",
    ] {
        assert_eq!(
            refused(&format!("https://{host}/a.jpg")),
            Refused::HostInNumbers,
            "{host}"
        );
    }
    for host in [
        "1.2.3.4.5",
        "256.1.1.1",
        "4294967296",
        "127.0.0.09",
        "[fe80::1%25eth0]",
        "[::1",
        "1.2.3.0x100000000",
    ] {
        assert_eq!(
            refused(&format!("https://{host}/a.jpg")),
            Refused::NoUrl,
            "{host}"
        );
    }
}

#[test]
fn letters_that_look_like_digits_are_not_made_an_address() {
    for host in [
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "ⓛocalhost",
        "[::１]",
    ] {
        assert!(check(&format!("https://{host}/")).is_err(), "{host}");
    }
}

#[test]
fn names_that_are_not_public_are_refused() {
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "a.b.LocalHost.",
        "%6cocalhost",
        "localhost.localdomain",
        "printer.local",
        "printer.local.",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "a.internal",
        "ip-10-0-0-1.ec2.internal",
        "metadata.goog",
        "metadata.goog.",
        "router.home.arpa",
        "ipv4only.arpa",
        "1.0.0.127.in-addr.arpa",
        "nas.lan",
        "www.corp",
        "tv.home",
        "a.intranet",
        "a.private",
        "a.onion",
        "a.alt",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "intranet",
        "metadata",
        "instance-data",
        "com",
        "com.",
        "a..example.com",
        ".example.com",
        "example.com..",
        "localhost..",
        ".",
        "..",
    ] {
        assert_eq!(
            refused(&format!("https://{host}/a.jpg")),
            Refused::HostNotPublic,
            "{host}"
        );
    }
}

#[test]
fn long_addresses_are_refused_as_written_and_as_fetched() {
    let of = |len: usize| format!("https://example.com/{}", "a".repeat(len - 20));
    assert!(check(&of(URL_MAX_BYTES)).is_ok());
    assert_eq!(refused(&of(URL_MAX_BYTES + 1)), Refused::TooLong);
    // Each of these takes nine bytes when written in full.
    assert_eq!(
        refused(&format!("https://example.com/{}", "€".repeat(300))),
        Refused::TooLong
    );
}

#[test]
fn redirects_are_held_to_the_same() {
    let from = check("https://example.com/a/b.jpg").unwrap();
    let to = |location| check_redirect(&from, location).map(String::from);
    assert_eq!(to("c.jpg").as_deref(), Ok("https://example.com/a/c.jpg"));
    assert_eq!(
        to("//cdn.example.org/c").as_deref(),
        Ok("https://cdn.example.org/c")
    );
    assert_eq!(to("http://example.com/"), Err(Refused::NotHttps));
    assert_eq!(to("//169.254.169.254/latest"), Err(Refused::HostInNumbers));
    assert_eq!(to("//localhost/"), Err(Refused::HostNotPublic));
    assert_eq!(to("//a@example.com/"), Err(Refused::Credentials));
    assert_eq!(to(&"a".repeat(URL_MAX_BYTES + 1)), Err(Refused::TooLong));
}

proptest! {
    #[test]
    fn no_spelling_of_an_address_passes(number: u32, first in 0..3_u8, second in 0..3_u8) {
        let [a, b, c, d] = number.to_be_bytes();
        let part = |part: u8, form| match form {
            0 => format!("{part}"),
            1 => format!("0x{part:x}"),
            _ => format!("0{part:o}"),
        };
        let rest = u32::from_be_bytes([0, b, c, d]);
        for host in [
            format!("{}.{}.{c}.{}", part(a, first), part(b, second), part(d, first)),
            format!("{}.{rest}", part(a, first)),
            format!("{number}"),
            format!("0x{number:x}."),
            format!("[::ffff:{a}.{b}.{c}.{d}]"),
        ] {
            prop_assert_eq!(check(&format!("https://{host}/")), Err(Refused::HostInNumbers), "{}", host);
        }
    }

    #[test]
    fn any_text_is_answered_and_what_passes_is_stable(text in "(https:/{0,3})?[a-z0-9.@:%\\[\\]/\\\\#?x-]{0,40}|\\PC{0,60}") {
        if let Ok(url) = check(&text) {
            prop_assert_eq!(url.scheme(), "https");
            prop_assert_eq!(check(url.as_str()), Ok(url));
        }
    }
}
