//! What usually helps when Snowflake refuses.

use reqwest::StatusCode;

use crate::auth::Authorization;

/// `code` is Snowflake's error code as a number; `from_snowflake` tells its answers from those of whoever else sits
/// at the address.
pub(crate) fn hint(
    status: StatusCode,
    code: Option<u32>,
    from_snowflake: bool,
    authorization: &Authorization,
) -> Option<String> {
    if !from_snowflake && matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
        return Some(
            "no account answers there: check the account identifier, a locator also needs its region and cloud"
                .to_owned(),
        );
    }
    let hint = match code {
        Some(606) => "name a warehouse for the session, or give the user a default one",
        Some(630) => "the statement may take no longer than its timeout: raise it, or use a larger warehouse",
        Some(2003 | 2043) => {
            "check the name, the database and schema of the session, and what its role may see: show grants to role ROLE"
        }
        Some(390_189 | 390_201) => {
            "check the role, warehouse, database and schema of the session: they are case-sensitive, and the user must \
             have the role"
        }
        Some(390_422) => "a network policy keeps this address out: have it allowed",
        _ if status == StatusCode::REQUEST_TIMEOUT => {
            "the statement may take no longer than its timeout: raise it, or use a larger warehouse"
        }
        _ if status == StatusCode::UNAUTHORIZED => return Some(unauthorized(authorization)),
        _ => return None,
    };
    Some(hint.to_owned())
}

/// Snowflake tells a stranger nothing but that it doesn't know him.
fn unauthorized(authorization: &Authorization) -> String {
    match authorization.fingerprint() {
        Some(fingerprint) => format!(
            "check account and user, that this machine's clock is right, and that `desc user USER` shows \
             RSA_PUBLIC_KEY_FP = {fingerprint}; if not: alter user USER set rsa_public_key = 'MII…'"
        ),
        None => format!("the {authorization} is wrong, expired or not of this account: make a new one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::PrivateKey;
    use crate::{Account, Credentials};

    const PEM: &str = include_str!("../tests/keys/plain.p8");

    fn key_pair() -> Authorization {
        let key = PrivateKey::from_pem(PEM, None).unwrap();
        let account: Account = "xy12345".parse().unwrap();
        Authorization::new(Credentials::KeyPair { user: "loader".to_owned(), key }, &account)
    }

    #[test]
    fn the_usual_failures_say_what_helps() {
        let (fails, forbidden) = (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::FORBIDDEN);
        let cases = [
            (fails, Some(606), true, "name a warehouse"),
            (StatusCode::REQUEST_TIMEOUT, Some(630), true, "timeout"),
            (StatusCode::REQUEST_TIMEOUT, None, true, "timeout"),
            (fails, Some(2003), true, "show grants"),
            (forbidden, Some(390_201), true, "case-sensitive"),
            (forbidden, Some(390_189), true, "case-sensitive"),
            (StatusCode::UNAUTHORIZED, Some(390_422), true, "network policy"),
            (forbidden, None, false, "account identifier"),
            (StatusCode::UNAUTHORIZED, Some(390_144), true, "RSA_PUBLIC_KEY_FP = SHA256:"),
        ];
        for (status, code, from_snowflake, said) in cases {
            let hint = hint(status, code, from_snowflake, &key_pair()).unwrap();
            assert!(hint.contains(said), "{code:?}: {hint}");
        }
        assert_eq!(hint(fails, Some(1003), true, &key_pair()), None);
    }

    #[test]
    fn a_refused_token_is_called_what_it_is() {
        let token = Authorization::ProgrammaticAccessToken("hush".into());
        let hint = hint(StatusCode::UNAUTHORIZED, Some(390_400), true, &token).unwrap();
        assert!(hint.contains("programmatic access token") && !hint.contains("hush"), "{hint}");
    }
}
