//! Whether the server does what its OpenAPI document says: schemathesis asks it things that nobody thought of.

use daybook_testkit::python_with;
use tokio::process::Command;

use crate::support::Front;

/// How many cases each operation gets.
const CASES: &str = "15";

#[tokio::test]
async fn schemathesis_finds_no_server_error_and_no_breach_of_the_schema() {
    let front = Front::with(|options| options.insecure_no_auth = true).await;
    let requirements = include_str!("schemathesis-requirements.txt");
    let python =
        tokio::task::spawn_blocking(move || python_with("schemathesis", requirements)).await.unwrap();
    let document = format!("{}/openapi.json", front.base);
    let ran = Command::new(python.unwrap())
        .args(["-m", "schemathesis.cli", "run", &document])
        .args(["--max-examples", CASES, "--seed", "1", "--phases", "examples,coverage,fuzzing"])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ])
        .args(["--exclude-checks", "positive_data_acceptance"])
        .current_dir(front.landing())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let asked = said.split_once("Test cases:").and_then(|(_, cases)| cases.trim().split(' ').next());
    assert!(asked.is_some_and(|cases| cases.parse::<u32>().unwrap() > 500), "{said}");
}
