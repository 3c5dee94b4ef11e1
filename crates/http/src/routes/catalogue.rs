//! Products and variants.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDateTime, Utc};
use daybook_ods::{CatalogueError, CatalogueWarning, Change, Etag, Precondition, Product, Stored, Variant};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Json, Path};
use crate::openapi::{AnyProblem, BodyProblem, TokenProblem};
use crate::problem::{InvalidValue, Problem};

pub(crate) fn writing() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(put_catalogue))
        .routes(routes!(put_product, delete_product))
        .routes(routes!(put_variant, change_price, delete_variant))
}

pub(crate) fn reading() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_product)).routes(routes!(get_variant))
}

/// A product to store. What is left out of a stored one's times stays.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the database reads the body; this describes it")]
struct NewProduct {
    #[schema(min_length = 1, max_length = 255, example = "Mug")]
    title: String,
    #[schema(min_length = 1, max_length = 45, example = "kitchen")]
    product_type: String,
    #[schema(nullable = false, example = "2024-05-01T10:00:00Z")]
    created_at: Option<DateTime<Utc>>,
}

/// A variant to store. What is left out of a stored one's times stays; a change without `updated_at` happens now.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the database reads the body; this describes it")]
struct NewVariant {
    #[schema(min_length = 1, max_length = 512)]
    product_id: String,
    /// In minor units.
    #[schema(example = 1250)]
    price: i32,
    #[schema(min_length = 1, max_length = 255, example = "large")]
    title: String,
    #[schema(nullable = false)]
    created_at: Option<DateTime<Utc>>,
    #[schema(nullable = false)]
    updated_at: Option<DateTime<Utc>>,
    #[schema(nullable = false)]
    ingested_at: Option<DateTime<Utc>>,
}

/// Products with their variants, and further variants of stored products.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the database reads the body; this describes it")]
struct CatalogueDocument {
    #[serde(default)]
    products: Vec<DocumentProduct>,
    #[serde(default)]
    variants: Vec<DocumentVariant>,
}

#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the database reads the body; this describes it")]
struct DocumentProduct {
    #[schema(min_length = 1, max_length = 512)]
    id: String,
    #[serde(flatten)]
    product: NewProduct,
    #[serde(default)]
    variants: Vec<OwnVariant>,
}

/// A variant beneath its product.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the database reads the body; this describes it")]
struct OwnVariant {
    #[schema(min_length = 1, max_length = 512)]
    id: String,
    /// In minor units.
    price: i32,
    #[schema(min_length = 1, max_length = 255)]
    title: String,
}

#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the database reads the body; this describes it")]
struct DocumentVariant {
    #[schema(min_length = 1, max_length = 512)]
    id: String,
    #[serde(flatten)]
    variant: NewVariant,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPrice {
    /// In minor units.
    #[schema(example = 1250)]
    price: i32,
}

/// A product as it is stored.
#[derive(Serialize, ToSchema)]
struct StoredProduct {
    id: String,
    title: String,
    product_type: String,
    created_at: DateTime<Utc>,
    /// What is accepted, yet may be a mistake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// A variant as it is stored.
#[derive(Serialize, ToSchema)]
struct StoredVariant {
    id: String,
    product_id: String,
    /// In minor units.
    price: i32,
    title: String,
    created_at: DateTime<Utc>,
    /// When it took the state that it is in.
    updated_at: DateTime<Utc>,
    ingested_at: DateTime<Utc>,
    /// What is accepted, yet may be a mistake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// What a document did.
#[derive(Serialize, ToSchema)]
struct CatalogueAnswer {
    products: Counts,
    variants: Counts,
    warnings: Vec<Warning>,
}

/// What became of a document's rows.
#[derive(Serialize, ToSchema)]
struct Counts {
    inserted: u64,
    updated: u64,
    unchanged: u64,
    /// Rows that bring an older time than the stored ones: they are in the history only.
    older: u64,
}

#[derive(Serialize, ToSchema)]
struct Warning {
    /// `natural_key_shared`: another product has the same title and type. `older_than_stored`.
    code: String,
    /// Where it stands in the body (RFC 6901).
    pointer: String,
    message: String,
}

/// Stores products with their variants, all or none
#[utoipa::path(
    put, path = "/v1/catalogue", tag = "catalogue", security(("token" = [])), request_body = CatalogueDocument,
    responses((status = 200, body = CatalogueAnswer), AnyProblem, TokenProblem, BodyProblem,
        (status = 409, body = Problem, content_type = "application/problem+json"))
)]
async fn put_catalogue(
    State(app): State<App>,
    Json(document): Json<Value>,
) -> Result<Json<CatalogueAnswer>, Problem> {
    let report = app.ods()?.upsert_catalogue(&document).await?;
    let counts = |counts: daybook_ods::CatalogueCounts| Counts {
        inserted: counts.inserted,
        updated: counts.updated,
        unchanged: counts.unchanged,
        older: counts.older,
    };
    Ok(Json(CatalogueAnswer {
        products: counts(report.products),
        variants: counts(report.variants),
        warnings: report.warnings.into_iter().map(Warning::from).collect(),
    }))
}

/// Gives a product
#[utoipa::path(
    get, path = "/v1/products/{id}", tag = "catalogue", security(("token" = [])),
    params(("id" = String, Path, min_length = 1)),
    responses((status = 200, body = StoredProduct, headers(("etag" = String))), AnyProblem, TokenProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn get_product(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = app.ods()?.product(&id).await?;
    let tagged = found.ok_or_else(|| Problem::not_found(format!("there is no product '{id}'")))?;
    Ok(tagged_response(StatusCode::OK, &tagged.etag, StoredProduct::of(tagged.row, Vec::new())))
}

/// Stores a product; its variants stay as they are
///
/// `If-Match` with the ETag that was read, `If-Match: *` or `If-None-Match: *` keep others' changes.
#[utoipa::path(
    put, path = "/v1/products/{id}", tag = "catalogue", security(("token" = [])), request_body = NewProduct,
    params(("id" = String, Path, min_length = 1, max_length = 512), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    responses((status = 200, body = StoredProduct, headers(("etag" = String))),
        (status = 201, body = StoredProduct, headers(("etag" = String))), AnyProblem, TokenProblem, BodyProblem,
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json"))
)]
async fn put_product(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let stored = app.ods()?.put_product(&id, &body, &precondition(&headers)?).await?;
    Ok(stored_response(stored, StoredProduct::of))
}

/// Removes a product with its variants
#[utoipa::path(
    delete, path = "/v1/products/{id}", tag = "catalogue", security(("token" = [])),
    params(("id" = String, Path, min_length = 1), ("if-match" = Option<String>, Header)),
    responses((status = 204), AnyProblem, TokenProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json"))
)]
async fn delete_product(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    app.ods()?.delete_product(&id, &precondition(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a variant
#[utoipa::path(
    get, path = "/v1/variants/{id}", tag = "catalogue", security(("token" = [])),
    params(("id" = String, Path, min_length = 1)),
    responses((status = 200, body = StoredVariant, headers(("etag" = String))), AnyProblem, TokenProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn get_variant(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = app.ods()?.variant(&id).await?;
    let tagged = found.ok_or_else(|| Problem::not_found(format!("there is no variant '{id}'")))?;
    Ok(tagged_response(StatusCode::OK, &tagged.etag, StoredVariant::of(tagged.row, Vec::new())))
}

/// Stores a variant
///
/// `If-Match` with the ETag that was read, `If-Match: *` or `If-None-Match: *` keep others' changes.
#[utoipa::path(
    put, path = "/v1/variants/{id}", tag = "catalogue", security(("token" = [])), request_body = NewVariant,
    params(("id" = String, Path, min_length = 1, max_length = 512), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    responses((status = 200, body = StoredVariant, headers(("etag" = String))),
        (status = 201, body = StoredVariant, headers(("etag" = String))), AnyProblem, TokenProblem, BodyProblem,
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json"))
)]
async fn put_variant(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let stored = app.ods()?.put_variant(&id, &body, &precondition(&headers)?).await?;
    Ok(stored_response(stored, StoredVariant::of))
}

/// Changes a variant's price, now
#[utoipa::path(
    patch, path = "/v1/variants/{id}", tag = "catalogue", security(("token" = [])), request_body = NewPrice,
    params(("id" = String, Path, min_length = 1), ("if-match" = Option<String>, Header)),
    responses((status = 200, body = StoredVariant, headers(("etag" = String))), AnyProblem, TokenProblem, BodyProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json"))
)]
async fn change_price(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<NewPrice>,
) -> Result<Response, Problem> {
    let stored = app.ods()?.change_price(&id, body.price, &precondition(&headers)?).await?;
    Ok(stored_response(stored, StoredVariant::of))
}

/// Removes a variant
#[utoipa::path(
    delete, path = "/v1/variants/{id}", tag = "catalogue", security(("token" = [])),
    params(("id" = String, Path, min_length = 1), ("if-match" = Option<String>, Header)),
    responses((status = 204), AnyProblem, TokenProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json"))
)]
async fn delete_variant(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    app.ods()?.delete_variant(&id, &precondition(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What `If-Match` or `If-None-Match` ask for (RFC 9110, 13.1).
fn precondition(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let text = |name: header::HeaderName| -> Result<Option<&str>, Problem> {
        let value = headers.get(&name).map(HeaderValue::to_str).transpose();
        value.map_err(|_| Problem::malformed(format!("the header {name} is not text")))
    };
    match (text(header::IF_MATCH)?, text(header::IF_NONE_MATCH)?) {
        (None, None) => Ok(Precondition::None),
        (Some("*"), None) => Ok(Precondition::Exists),
        (None, Some("*")) => Ok(Precondition::Absent),
        (Some(tags), None) => tags.split(',').map(etag).collect::<Result<_, _>>().map(Precondition::Matches),
        (None, Some(_)) => Err(Problem::malformed("If-None-Match can only be * here")),
        (Some(_), Some(_)) => Err(Problem::malformed("send If-Match or If-None-Match, not both")),
    }
}

/// A weak tag never matches, as If-Match wants it.
fn etag(text: &str) -> Result<Etag, Problem> {
    let text = text.trim();
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.ok_or_else(|| Problem::malformed("an entity tag stands in double quotes"))?;
    Ok(Etag::new(if text.starts_with("W/") { "" } else { inner }))
}

fn stored_response<R, B: Serialize>(stored: Stored<R>, body: impl Fn(R, Vec<Warning>) -> B) -> Response {
    let status = if stored.change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    let warnings = stored.warnings.into_iter().map(Warning::from).collect();
    tagged_response(status, &stored.etag, body(stored.row, warnings))
}

fn tagged_response(status: StatusCode, etag: &Etag, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

impl StoredProduct {
    fn of(row: Product, warnings: Vec<Warning>) -> Self {
        let Product { id, title, product_type, created_at } = row;
        Self { id, title, product_type, created_at: utc(created_at), warnings }
    }
}

impl StoredVariant {
    fn of(row: Variant, warnings: Vec<Warning>) -> Self {
        Self {
            id: row.id,
            product_id: row.product_id,
            price: row.price,
            title: row.title,
            created_at: utc(row.created_at),
            updated_at: utc(row.updated_at),
            ingested_at: utc(row.ingested_at),
            warnings,
        }
    }
}

pub(super) fn utc(time: NaiveDateTime) -> DateTime<Utc> {
    time.and_utc()
}

impl From<CatalogueWarning> for Warning {
    fn from(warning: CatalogueWarning) -> Self {
        let CatalogueWarning { code, pointer, message } = warning;
        Self { code, pointer, message }
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        let text = error.to_string();
        let invalid = |pointer, reason: &str, message: String| {
            let error = InvalidValue { pointer, reason: reason.to_owned(), detail: message };
            Self::invalid("the catalogue was not changed", vec![error])
        };
        match error {
            CatalogueError::NotFound { .. } => Self::not_found(text),
            CatalogueError::PreconditionFailed { .. } => Self::precondition_failed(text),
            CatalogueError::Invalid { pointer, message } => invalid(pointer, "invalid", message),
            CatalogueError::ParentMissing { pointer, message } => invalid(pointer, "parent_missing", message),
            CatalogueError::OlderThanStored { .. } => Self::conflict(text),
            CatalogueError::Ods(error) => error.into(),
        }
    }
}
