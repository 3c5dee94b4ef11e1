//! HTTP over TLS.

use std::fs;
use std::path::Path;
use std::process::Command;

use daybook_http::{HttpError, HttpServer, Tls};
use reqwest::{Certificate, Client};
use tempfile::TempDir;

use crate::support::{Front, SECRET, options, services, signed};

const EVENT: &str = r#"{"id":"t1","order_id":"o1","status":"success","created_at":"2024-05-01T10:00:00Z"}"#;

/// What a server's certificate says, and not that of an authority, which clients would refuse in its place.
const REQUEST: &str = "[req]\ndistinguished_name = name\nx509_extensions = server\nprompt = no\n\
    [name]\nCN = localhost\n[server]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1\n";

/// A certificate for this machine that nobody has signed, by OpenSSL's command, and its key.
fn self_made(folder: &Path) -> Tls {
    let (request, certificate, key) =
        (folder.join("request"), folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&request, REQUEST).unwrap();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .arg("-config")
        .arg(request)
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Tls { certificate, key }
}

#[tokio::test]
async fn with_a_certificate_only_tls_is_spoken() {
    let folder = TempDir::new().unwrap();
    let tls = self_made(folder.path());
    let certificate = Certificate::from_pem(&fs::read(&tls.certificate).unwrap()).unwrap();
    let front = Front::with(|options| options.tls = Some(tls)).await;
    let url = format!("{}/v1/webhooks/transactions", front.base.replace("http://", "https://"));
    let send = async |client: Client, url: &str| {
        let mut request = client.post(url);
        for (name, value) in signed(SECRET, EVENT) {
            request = request.header(name, value);
        }
        request.body(EVENT).send().await
    };
    let knowing = Client::builder().add_root_certificate(certificate).build().unwrap();
    assert_eq!(send(knowing, &url).await.unwrap().status(), 200);
    assert_eq!(front.payments().await.len(), 1);
    assert!(send(Client::new(), &url).await.is_err(), "nobody vouches for the certificate");
    assert!(send(Client::new(), &url.replace("https://", "http://")).await.is_err());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_told_at_the_start() {
    let folder = TempDir::new().unwrap();
    let mut tls = self_made(folder.path());
    tls.key = tls.certificate.clone();
    let mut wrong = options(folder.path());
    wrong.tls = Some(tls);
    let refused = HttpServer::bind(wrong, services()).await;
    assert!(matches!(refused.err(), Some(HttpError::Tls { .. })));
}
