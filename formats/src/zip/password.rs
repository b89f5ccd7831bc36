use adt_model::Secret;
use hmac::Hmac;
use sha1::Sha1;

/// A hundred times those of the zips themselves, so that nobody guesses a password here who would not rather guess it there.
const ROUNDS: u32 = 100_000;

/// Tells one password from another where the password itself must not be kept: PBKDF2 (HMAC-SHA1) with a random `salt`, eight bytes
/// of it. Takes tens of milliseconds by design.
pub fn password_check(password: &Secret, salt: &[u8; 16]) -> [u8; 8] {
    let mut check = [0; 8];
    let made = pbkdf2::pbkdf2::<Hmac<Sha1>>(password.expose().as_bytes(), salt, ROUNDS, &mut check);
    made.expect("HMAC takes a key of any length");
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_salts_are_told_apart() {
        let check = |password: &str, salt| password_check(&Secret::new(password), &[salt; 16]);
        assert_eq!(check("one", 1), check("one", 1));
        assert_ne!(check("one", 1), check("two", 1));
        assert_ne!(check("one", 1), check("one", 2));
    }
}
