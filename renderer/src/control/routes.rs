//! What the control service does, route by route.

use super::{guard::Guard, openapi};
use crate::{
    runtime::{Command, PuppetHandle, SourceChoice},
    settings::{Background, QualityChoice},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequest, Request, State, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header::CONNECTION},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bunraku_capture::SourceSpec;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};

/// The largest body of a request, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// How long an order may take; only a character takes longer than a step.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_mins(1);

/// The service's routes; `guard` sees every request first.
pub(super) fn router(puppet: PuppetHandle, guard: Guard) -> Router {
    Router::new()
        .route("/api/status", get(status))
        .route("/api/source", post(source))
        .route("/api/character", post(character))
        .route("/api/calibrate", post(calibrate))
        .route("/api/background", post(background))
        .route("/api/size", post(size))
        .route("/api/quality", post(quality))
        .route("/api/quit", post(quit))
        .route("/api/openapi.json", get(async || Json(openapi::document())))
        .fallback(async || Failure(StatusCode::NOT_FOUND, "no such route; see /api/openapi.json".to_owned()))
        .method_not_allowed_fallback(async || {
            Failure(StatusCode::METHOD_NOT_ALLOWED, "see /api/openapi.json for this route's method".to_owned())
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(guard, admit))
        .with_state(puppet)
}

async fn admit(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut answer = match guard.check(request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err((status, why)) => Failure(status, why.to_owned()).into_response(),
    };
    // One that stays open and asks for nothing more would hold its place for ever.
    answer.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("close"));
    answer
}

/// A refusal as JSON: `{"error": why}`.
struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

/// A JSON body whose rejection is JSON too.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}

async fn status(State(puppet): State<PuppetHandle>) -> Result<Response, Failure> {
    // This waits for the puppet's next step and must not hold up other requests.
    let read = tokio::task::spawn_blocking(move || puppet.status()).await;
    let status = read.map_err(|error| Failure(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(Json(status).into_response())
}

/// Which source to make live: exactly one of the three.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceBody {
    name: Option<String>,
    index: Option<usize>,
    spec: Option<String>,
}

async fn source(State(puppet): State<PuppetHandle>, Body(body): Body<SourceBody>) -> Result<Json<Value>, Failure> {
    let choice = match (body.name, body.index, body.spec) {
        (Some(name), None, None) => SourceChoice::Name(name),
        (None, Some(index), None) => SourceChoice::Index(index),
        (None, None, Some(spec)) => SourceChoice::Spec(
            spec.parse::<SourceSpec>().map_err(|error| Failure(StatusCode::BAD_REQUEST, error.to_string()))?,
        ),
        _ => return Err(Failure(StatusCode::BAD_REQUEST, "say one of name, index and spec".to_owned())),
    };
    run(&puppet, Command::ChooseSource(choice), StatusCode::NOT_FOUND).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CharacterBody {
    path: PathBuf,
}

async fn character(
    State(puppet): State<PuppetHandle>,
    Body(body): Body<CharacterBody>,
) -> Result<Json<Value>, Failure> {
    run(&puppet, Command::LoadCharacter(body.path.into()), StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn calibrate(State(puppet): State<PuppetHandle>) -> Result<Json<Value>, Failure> {
    run(&puppet, Command::Recentre, StatusCode::UNPROCESSABLE_ENTITY).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackgroundBody {
    background: Background,
}

async fn background(
    State(puppet): State<PuppetHandle>,
    Body(body): Body<BackgroundBody>,
) -> Result<Json<Value>, Failure> {
    run(&puppet, Command::SetBackground(body.background), StatusCode::UNPROCESSABLE_ENTITY).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SizeBody {
    size: usize,
}

async fn size(State(puppet): State<PuppetHandle>, Body(body): Body<SizeBody>) -> Result<Json<Value>, Failure> {
    run(&puppet, Command::SetSize(body.size), StatusCode::UNPROCESSABLE_ENTITY).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QualityBody {
    quality: QualityChoice,
}

async fn quality(State(puppet): State<PuppetHandle>, Body(body): Body<QualityBody>) -> Result<Json<Value>, Failure> {
    run(&puppet, Command::SetQuality(body.quality), StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn quit(State(puppet): State<PuppetHandle>) -> Result<Json<Value>, Failure> {
    run(&puppet, Command::Quit, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Sends the command and waits for its outcome; `refused` is the status where the puppet cannot do it.
async fn run(puppet: &PuppetHandle, command: Command, refused: StatusCode) -> Result<Json<Value>, Failure> {
    let unavailable = |why: String| Failure(StatusCode::SERVICE_UNAVAILABLE, why);
    let outcome = puppet.request(command).map_err(|error| unavailable(error.to_string()))?;
    match tokio::time::timeout(COMMAND_TIMEOUT, outcome).await {
        Ok(Ok(Ok(()))) => Ok(Json(json!({ "ok": true }))),
        Ok(Ok(Err(why))) => Err(Failure(refused, why)),
        Ok(Err(_)) => Err(unavailable("the puppet has ended".to_owned())),
        Err(_) => Err(Failure(StatusCode::GATEWAY_TIMEOUT, "it takes longer than a minute".to_owned())),
    }
}
