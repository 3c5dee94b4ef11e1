//! Places to load from, named by those who may only load what lies below the landing place.

use object_store::path::Path;
use url::Url;

use super::discover;
use crate::OdsError;

/// The ledger of requests has an index over URIs, whose entries cannot be longer than a third of a page.
const LONGEST: usize = 2_000;

/// The place below `landing` that `uri` names. However it is written, one place has one URI.
///
/// # Errors
///
/// [`OdsError::Location`] when it is not below, or cannot be the name of anything.
pub fn place_below(landing: &Url, uri: &str) -> Result<Url, OdsError> {
    let refuse = |reason: String| OdsError::Location { uri: uri.to_owned(), reason };
    let outside = || refuse(format!("it is not below the landing place {landing}"));
    let url = Url::parse(uri).map_err(|error| refuse(error.to_string()))?;
    if !is_same_store(landing, &url) {
        return Err(outside());
    }
    let path = Path::from_url_path(url.path()).map_err(|error| refuse(error.to_string()))?;
    if path.prefix_match(&path_of(landing)?).is_none() {
        return Err(outside());
    }
    let place = url_of(landing, &path);
    if place.as_str().len() > LONGEST {
        return Err(refuse(format!("it is longer than {LONGEST} bytes")));
    }
    Ok(place)
}

/// What to load below `landing` because an object of that bucket has arrived: the directory of a batch's file, an
/// event file itself, and nothing for an object that loads leave alone.
///
/// # Errors
///
/// As [`place_below`].
pub fn place_of_object(landing: &Url, bucket: &str, key: &str) -> Result<Option<Url>, OdsError> {
    let refuse = |reason: String| OdsError::Location { uri: format!("s3://{bucket}/{key}"), reason };
    let outside = || refuse(format!("it is not below the landing place {landing}"));
    if !is_s3(landing) || landing.host_str() != Some(bucket) {
        return Err(outside());
    }
    let object = Path::parse(key).map_err(|error| refuse(error.to_string()))?;
    let root = path_of(landing)?;
    if object.prefix_match(&root).is_none() {
        return Err(outside());
    }
    // a name with a slash at its end stands for a folder
    let place = discover::place_of(&root, &object).filter(|_| !key.ends_with('/'));
    place.map(|place| place_below(landing, url_of(landing, &place).as_str())).transpose()
}

fn is_same_store(landing: &Url, url: &Url) -> bool {
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let is_same_kind = url.scheme() == landing.scheme() || is_s3(url) && is_s3(landing);
    is_plain && is_same_kind && url.host_str() == landing.host_str()
}

fn is_s3(url: &Url) -> bool {
    matches!(url.scheme(), "s3" | "s3a")
}

fn path_of(url: &Url) -> Result<Path, OdsError> {
    Path::from_url_path(url.path())
        .map_err(|error| OdsError::Location { uri: url.to_string(), reason: error.to_string() })
}

fn url_of(landing: &Url, path: &Path) -> Url {
    let mut url = landing.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(path.parts().map(|part| part.as_ref().to_owned()));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landing() -> Url {
        "s3://bucket/landing".parse().unwrap()
    }

    #[test]
    fn only_what_is_below_the_landing_place_is_one() {
        for bad in [
            "s3://bucket/landing-zone/1",
            "s3://other/landing/1",
            "s3://bucket/landing/../secrets",
            "s3://bucket/landing/%2e%2e/secrets",
            "s3://bucket/landing/..%2Fsecrets",
            "s3://bucket/landing/a%00b",
            "s3://bucket/landing//1",
            "s3://bucket/landing/%FF",
            "file:///landing/1",
            "landing/1",
            "s3://bucket/landing/1?x=y",
            "s3://bucket/landing/1#x",
            "s3://user@bucket/landing/1",
            "s3://:password@bucket/landing/1",
            "s3://bucket:99/landing/1",
            &format!("s3://bucket/landing/{}", "q".repeat(LONGEST)),
        ] {
            let refused = place_below(&landing(), bad).map_err(|error| error.to_string());
            assert!(refused.is_err(), "{bad} is {refused:?}");
        }
    }

    #[test]
    fn one_place_has_one_uri() {
        for (written, place) in [
            ("s3://bucket/landing", "s3://bucket/landing"),
            ("s3://bucket/landing/", "s3://bucket/landing"),
            ("s3://bucket/landing/a/b/", "s3://bucket/landing/a/b"),
            ("s3://bucket/landing/%61/./b", "s3://bucket/landing/a/b"),
            ("s3a://bucket/landing/1", "s3://bucket/landing/1"),
            ("s3://bucket/landing/a b", "s3://bucket/landing/a%20b"),
            ("s3://bucket/landing/a%20b", "s3://bucket/landing/a%20b"),
            ("s3://bucket/landing/a%2520b", "s3://bucket/landing/a%2520b"),
        ] {
            assert_eq!(place_below(&landing(), written).unwrap().as_str(), place);
        }
        let folder: Url = "file:///srv/landing/".parse().unwrap();
        for written in ["file:///srv/landing/1", "file://localhost/srv/landing/1/", "file:/srv/landing/%31"] {
            assert_eq!(place_below(&folder, written).unwrap().as_str(), "file:///srv/landing/1");
        }
        let hadoop: Url = "s3a://bucket/landing".parse().unwrap();
        assert_eq!(place_below(&hadoop, "s3://bucket/landing/1").unwrap().as_str(), "s3a://bucket/landing/1");
    }

    #[test]
    fn an_object_stands_for_what_a_load_would_find() {
        let place = |key: &str| place_of_object(&landing(), "bucket", key).unwrap().map(String::from);
        assert_eq!(place("landing/1/orders.csv.gz").as_deref(), Some("s3://bucket/landing/1"));
        assert_eq!(place("landing/a%20b/orders.csv").as_deref(), Some("s3://bucket/landing/a%2520b"));
        let events = "landing/transactions-1.ndjson";
        assert_eq!(place(events).as_deref(), Some("s3://bucket/landing/transactions-1.ndjson"));
        for ignored in [
            "landing/_fix/orders.csv",
            "landing/1/orders.csv.part",
            "landing/transactions.ndjson.tmp",
            "landing/1/readme.txt",
            "landing/1/",
            "landing/1/orders.csv/",
        ] {
            assert_eq!(place(ignored), None, "{ignored}");
        }
        for bad in ["elsewhere/orders.csv", "landing//orders.csv", "landing/../orders.csv"] {
            place_of_object(&landing(), "bucket", bad).map_err(|_| bad).unwrap_err();
        }
        place_of_object(&landing(), "other", "landing/1/orders.csv").unwrap_err();
    }
}
