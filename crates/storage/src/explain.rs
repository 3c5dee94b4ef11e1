//! What a store says, in words that help.

use std::error::Error;

use crate::credentials::CredentialFailure;
use crate::patient_http::ServerFailure;

const NO_BUCKET: &str = "NoSuchBucket";

/// A store's error in one line: what is wrong, where, and what to do about it. Shows no secrets.
pub fn explain(error: &object_store::Error) -> String {
    if let Some(failure) = cause::<CredentialFailure>(error) {
        return failure.to_string();
    }
    if let Some(failure) = cause::<ServerFailure>(error) {
        return match failure {
            ServerFailure::Unreachable { .. } => format!("{failure}; check AWS_ENDPOINT_URL and the network"),
            ServerFailure::Silent { .. } => format!("{failure}; try again later"),
            ServerFailure::NoRanges { .. } => format!("{failure}; it is no S3 server that Daybook can use"),
        };
    }
    let text = one_line(error);
    match (error, answer(&text)) {
        (_, Some(answer)) if answer.code == NO_BUCKET => answer.explain(),
        (object_store::Error::NotFound { path, .. }, _) => format!("{path} does not exist"),
        (object_store::Error::AlreadyExists { path, .. }, _) => format!("{path} exists already"),
        (_, Some(answer)) => answer.explain(),
        (_, None) => text,
    }
}

/// The same for an error that a store's error may have caused; none if it did not.
pub fn explain_cause(error: &(dyn Error + 'static)) -> Option<String> {
    cause::<object_store::Error>(error).map(explain)
}

/// The first error of this type in the chain.
fn cause<'a, E: Error + 'static>(mut error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    loop {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        error = error.source()?;
    }
}

fn one_line(error: &object_store::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An answer that is an error. `object_store` keeps its type to itself and gives only the text.
#[derive(Debug, PartialEq, Eq)]
struct Answer<'a> {
    status: u16,
    code: &'a str,
    message: &'a str,
}

fn answer(text: &str) -> Option<Answer<'_>> {
    if text.contains("normally indicates an incorrectly configured region") {
        return Some(Answer { status: 301, code: "PermanentRedirect", message: "" });
    }
    let (_, rest) = text.split_once("status code: ")?;
    let status = rest.get(..3)?.parse().ok()?;
    let between = |tag: &str| {
        let (_, rest) = rest.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0)
    };
    Some(Answer {
        status,
        code: between("Code").unwrap_or_default(),
        message: between("Message").unwrap_or_default(),
    })
}

impl Answer<'_> {
    fn explain(&self) -> String {
        let advice = match (self.status, self.code) {
            (_, NO_BUCKET) => "there is no such bucket: check the URL, the region and the endpoint",
            (
                _,
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidToken"
                | "ExpiredToken"
                | "TokenRefreshRequired",
            )
            | (401, _) => {
                "the credentials are wrong or expired: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile"
            }
            (403, "" | "AccessDenied") => {
                "access is denied: check the credentials, and what they may do in this bucket"
            }
            (
                _,
                "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException",
            )
            | (301 | 307, _) => "the bucket lies in another region: set AWS_REGION to it",
            (_, "RequestTimeTooSkewed") => "this machine's clock is wrong: set it",
            (429 | 500.., _) => "the server fails or is too busy, also after several tries: try again later",
            _ => "the server refuses the request",
        };
        format!("{advice} ({})", self.details())
    }

    fn details(&self) -> String {
        let parts = [self.status.to_string(), self.code.to_owned(), self.message.to_owned()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
