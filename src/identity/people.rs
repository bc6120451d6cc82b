//! Addresses and names as they are kept. Pure.

/// The longest name in characters.
pub const NAME_MAX_CHARS: usize = 100;
/// The longest address (RFC 5321, section 4.5.3.1.3, less the brackets).
const EMAIL_MAX_BYTES: usize = 254;
const LOCAL_PART_MAX_BYTES: usize = 64;

/// An address as it is kept and compared: trimmed, lower case. `None` when it cannot be one. Whether mail arrives
/// there is another question.
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.split_once('@')?;
    let labels = domain.split('.').collect::<Vec<_>>();
    let fits = email.len() <= EMAIL_MAX_BYTES
        && (1..=LOCAL_PART_MAX_BYTES).contains(&local.len())
        && labels.len() >= 2
        && labels
            .iter()
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && !domain.contains('@')
        && !email
            .contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c));
    fits.then_some(email)
}

/// A name as it is kept: trimmed, 1 to [`NAME_MAX_CHARS`] characters, none of them a control character.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    let name = text.trim();
    let fits =
        (1..=NAME_MAX_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control);
    fits.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{email, name};

    #[test]
    fn addresses_are_compared_without_case_and_spaces() {
        assert_eq!(
            email("  Ada@Example.COM "),
            Some("ada@example.com".to_owned())
        );
        assert_eq!(
            email("a+b@mail.example.co.uk"),
            Some("a+b@mail.example.co.uk".to_owned())
        );
        assert_eq!(
            email("jos\u{e9}@example.com"),
            Some("jos\u{e9}@example.com".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_an_address_is_none() {
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "a@b@example.com",
            "a b@example.com",
            "a@ex..com",
            "a@-x.com",
            "a@x.com\u{0}",
            "Ada <ada@example.com>",
            &long,
        ] {
            assert_eq!(email(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_is_up_to_a_hundred_characters_without_controls() {
        assert_eq!(name(" Ada "), Some("Ada".to_owned()));
        assert!(name(&"\u{1f426}".repeat(100)).is_some());
        for bad in ["", "  ", "a\nb", "a\u{7f}", &"a".repeat(101)] {
            assert_eq!(name(bad), None, "{bad:?}");
        }
    }
}
