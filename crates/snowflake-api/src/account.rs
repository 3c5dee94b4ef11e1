//! Which Snowflake account is meant, in the forms in which people write it.

use std::str::FromStr;

use crate::SnowflakeError;

const DOMAIN: &str = ".snowflakecomputing.com";
const CHINESE_DOMAIN: &str = ".snowflakecomputing.cn";
const WEB_INTERFACE: &str = "app.snowflake.com/";

/// A Snowflake account: its host, and its name as tokens bear it.
///
/// Parsed from `organization-account`; from a locator, with region and cloud where Snowflake wants them
/// (`xy12345`, `xy12345.eu-central-1`, `xy12345.west-europe.azure`), each also with `.privatelink`; from the account's
/// host or URL; or from the address of the web interface (`https://app.snowflake.com/organization/account`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    host: String,
    name: String,
}

impl Account {
    /// The host that answers for the account.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The account's name in a token: upper case, without region and cloud.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Account {
    type Err = SnowflakeError;

    fn from_str(given: &str) -> Result<Self, SnowflakeError> {
        let (identifier, domain) = identifier(given);
        let wrong = identifier.split(['.', '-']).any(str::is_empty)
            || !identifier.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if wrong {
            return Err(SnowflakeError::Account(given.to_owned()));
        }
        // Host names know no underscore; Snowflake answers to a hyphen in its place.
        let host = format!("{}{domain}", identifier.to_ascii_lowercase().replace('_', "-"));
        Ok(Self { host, name: name(&identifier) })
    }
}

/// The account identifier in what was given, and the domain that it belongs to.
fn identifier(given: &str) -> (String, &'static str) {
    let given = given.trim();
    let given = given.strip_prefix("https://").unwrap_or(given);
    if let Some(path) = given.strip_prefix(WEB_INTERFACE) {
        let path: Vec<_> = path.split('/').take(2).collect();
        return (path.join("-"), DOMAIN);
    }
    let host = given.strip_suffix('/').unwrap_or(given);
    for domain in [DOMAIN, CHINESE_DOMAIN] {
        if let Some(identifier) = host.to_ascii_lowercase().strip_suffix(domain) {
            return (identifier.to_owned(), domain);
        }
    }
    let chinese = host.split('.').skip(1).any(|label| label.to_ascii_lowercase().starts_with("cn-"));
    (host.to_owned(), if chinese { CHINESE_DOMAIN } else { DOMAIN })
}

/// As Snowflake's own drivers derive it: what stands before the region, and of a `.global` account also without the
/// hash that the name ends in.
fn name(identifier: &str) -> String {
    let (first, rest) = identifier.split_once('.').unwrap_or((identifier, ""));
    let global = rest.split('.').next().is_some_and(|label| label.eq_ignore_ascii_case("global"));
    let name = if global { first.split('-').next().unwrap_or(first) } else { first };
    name.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_names_its_account() {
        let forms = [
            ("myorg-shop", "myorg-shop.snowflakecomputing.com", "MYORG-SHOP"),
            ("MyOrg-my_shop", "myorg-my-shop.snowflakecomputing.com", "MYORG-MY_SHOP"),
            ("xy12345", "xy12345.snowflakecomputing.com", "XY12345"),
            ("xy12345.eu-central-1", "xy12345.eu-central-1.snowflakecomputing.com", "XY12345"),
            ("xy12345.west-europe.azure", "xy12345.west-europe.azure.snowflakecomputing.com", "XY12345"),
            ("xy12345.cn-northwest-1.aws", "xy12345.cn-northwest-1.aws.snowflakecomputing.cn", "XY12345"),
            ("myorg-shop.privatelink", "myorg-shop.privatelink.snowflakecomputing.com", "MYORG-SHOP"),
            ("shop-a1b2c3.global", "shop-a1b2c3.global.snowflakecomputing.com", "SHOP"),
            ("https://MYORG-SHOP.snowflakecomputing.com/", "myorg-shop.snowflakecomputing.com", "MYORG-SHOP"),
            ("xy12345.snowflakecomputing.com", "xy12345.snowflakecomputing.com", "XY12345"),
            (
                "https://app.snowflake.com/myorg/shop/#/homepage",
                "myorg-shop.snowflakecomputing.com",
                "MYORG-SHOP",
            ),
        ];
        for (given, host, name) in forms {
            let account: Account = given.parse().unwrap();
            assert_eq!((account.host(), account.name()), (host, name), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_a_host_is_refused() {
        for given in
            ["", " ", "my shop", "user@xy12345", "xy12345/", "http://xy12345", "xy12345..aws", "-shop", "a/b"]
        {
            let parsed = given.parse::<Account>();
            // A closing slash is what a copied address ends in.
            assert_eq!(parsed.is_ok(), given == "xy12345/", "{given}");
        }
    }
}
