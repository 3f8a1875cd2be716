//! The routes of the control service.

use super::{
    failure::{BadBody, Body, ErrorBody, Failure, NotDone, Refused},
    guard::Guard,
    openapi::Document,
};
use crate::{
    runtime::{Command, PuppetHandle, SourceChoice, Status},
    settings::{Background, QualityChoice},
};
use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header::CONNECTION},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use bunraku_capture::SourceSpec;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc, time::Duration};
use utoipa::{OpenApi as _, ToSchema, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The largest body of a request, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// How long a command may take; only loading a character takes longer than a step.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_mins(1);

/// The service's routes; `guard` checks every request first.
pub(super) fn router(puppet: PuppetHandle, guard: Guard) -> Router {
    let (router, document) = documented_routes().split_for_parts();
    router
        .fallback(async || Failure(StatusCode::NOT_FOUND, "no such route; see /api/openapi.json".to_owned()))
        .method_not_allowed_fallback(async || {
            Failure(StatusCode::METHOD_NOT_ALLOWED, "see /api/openapi.json for this route's method".to_owned())
        })
        .layer(Extension(Arc::new(document)))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(guard, admit))
        .with_state(puppet)
}

/// Every route with its place in the document; a new route is a handler with `utoipa::path`, and a line here.
pub(super) fn documented_routes() -> OpenApiRouter<PuppetHandle> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(status))
        .routes(routes!(source))
        .routes(routes!(character))
        .routes(routes!(calibrate))
        .routes(routes!(background))
        .routes(routes!(size))
        .routes(routes!(quality))
        .routes(routes!(quit))
        .routes(routes!(openapi))
}

async fn admit(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut answer = match guard.check(request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err((status, why)) => Failure(status, why.to_owned()).into_response(),
    };
    // An idle connection that stays open would occupy its place forever.
    answer.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("close"));
    answer
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", responses((status = 200, description = "OpenAPI 3.1.", body = Object), Refused))]
async fn openapi(Extension(document): Extension<Arc<OpenApi>>) -> Response {
    Json(&*document).into_response()
}

/// The puppet now: frame rate, pose, engine, and the sources with their states.
#[utoipa::path(
    get, path = "/api/status",
    responses((status = 200, body = Status), Refused, (status = 500, description = "A bug.", body = ErrorBody))
)]
async fn status(State(puppet): State<PuppetHandle>) -> Result<Json<Status>, Failure> {
    // This waits for the puppet's next step and must not hold up other requests.
    let read = tokio::task::spawn_blocking(move || puppet.status()).await;
    read.map(Json).map_err(|error| Failure(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// A command was done.
#[derive(Serialize, ToSchema)]
struct Done {
    ok: bool,
}

/// Which source to make live: exactly one of the three.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SourceBody {
    /// A source of the list by its name, the first of that name.
    name: Option<String>,
    /// A source of the list by its place, 0 first.
    index: Option<usize>,
    /// A source to open, NAME[:KEY=VALUE,…] as after --source.
    spec: Option<String>,
}

/// Make a source live; the pose cross-fades.
#[utoipa::path(
    post, path = "/api/source", request_body = SourceBody,
    responses((status = 200, body = Done), Refused, BadBody, NotDone, (status = 404, description = "No such source.", body = ErrorBody))
)]
async fn source(State(puppet): State<PuppetHandle>, Body(body): Body<SourceBody>) -> Result<Json<Done>, Failure> {
    let choice = match (body.name, body.index, body.spec) {
        (Some(name), None, None) => SourceChoice::Name(name),
        (None, Some(index), None) => SourceChoice::Index(index),
        (None, None, Some(spec)) => SourceChoice::Spec(
            spec.parse::<SourceSpec>().map_err(|error| Failure(StatusCode::BAD_REQUEST, error.to_string()))?,
        ),
        _ => return Err(Failure(StatusCode::BAD_REQUEST, "give one of name, index and spec".to_owned())),
    };
    run(&puppet, Command::ChooseSource(choice), StatusCode::NOT_FOUND).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CharacterBody {
    /// The character model's folder or `character_model.yaml`; or bundled, or bundled-lite.
    #[schema(value_type = String)]
    path: PathBuf,
}

/// Draw another character. The old one stays until the new one is loaded, and if that fails.
#[utoipa::path(
    post, path = "/api/character", request_body = CharacterBody,
    responses((status = 200, body = Done), Refused, BadBody, NotDone)
)]
async fn character(State(puppet): State<PuppetHandle>, Body(body): Body<CharacterBody>) -> Result<Json<Done>, Failure> {
    run(&puppet, Command::LoadCharacter(body.path.into()), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Take the face's present turn as straight ahead.
#[utoipa::path(
    post, path = "/api/calibrate",
    responses((status = 200, body = Done), Refused, NotDone, (status = 422, description = "No face was seen yet.", body = ErrorBody))
)]
async fn calibrate(State(puppet): State<PuppetHandle>) -> Result<Json<Done>, Failure> {
    run(&puppet, Command::Recentre, StatusCode::UNPROCESSABLE_ENTITY).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BackgroundBody {
    /// transparent, green, blue, black, white, #RRGGBB, or a picture's path.
    #[schema(value_type = String)]
    background: Background,
}

/// Change the background.
#[utoipa::path(
    post, path = "/api/background", request_body = BackgroundBody,
    responses((status = 200, body = Done), Refused, BadBody, NotDone)
)]
async fn background(
    State(puppet): State<PuppetHandle>,
    Body(body): Body<BackgroundBody>,
) -> Result<Json<Done>, Failure> {
    run(&puppet, Command::SetBackground(body.background), StatusCode::UNPROCESSABLE_ENTITY).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SizeBody {
    /// Edge of the output in pixels.
    #[schema(minimum = 128, maximum = 2048)]
    size: usize,
}

/// Draw at another size.
#[utoipa::path(
    post, path = "/api/size", request_body = SizeBody,
    responses((status = 200, body = Done), Refused, BadBody, NotDone)
)]
async fn size(State(puppet): State<PuppetHandle>, Body(body): Body<SizeBody>) -> Result<Json<Done>, Failure> {
    run(&puppet, Command::SetSize(body.size), StatusCode::UNPROCESSABLE_ENTITY).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QualityBody {
    quality: QualityChoice,
}

/// Draw with another quality; auto keeps the frame rate.
#[utoipa::path(
    post, path = "/api/quality", request_body = QualityBody,
    responses((status = 200, body = Done), Refused, BadBody, NotDone)
)]
async fn quality(State(puppet): State<PuppetHandle>, Body(body): Body<QualityBody>) -> Result<Json<Done>, Failure> {
    run(&puppet, Command::SetQuality(body.quality), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// End the puppet.
#[utoipa::path(post, path = "/api/quit", responses((status = 200, body = Done), Refused, NotDone))]
async fn quit(State(puppet): State<PuppetHandle>) -> Result<Json<Done>, Failure> {
    run(&puppet, Command::Quit, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Sends the command and waits for its outcome; `refused` is the status if the puppet cannot do it.
async fn run(puppet: &PuppetHandle, command: Command, refused: StatusCode) -> Result<Json<Done>, Failure> {
    let unavailable = |why: String| Failure(StatusCode::SERVICE_UNAVAILABLE, why);
    let outcome = puppet.request(command).map_err(|error| unavailable(error.to_string()))?;
    match tokio::time::timeout(COMMAND_TIMEOUT, outcome).await {
        Ok(Ok(Ok(()))) => Ok(Json(Done { ok: true })),
        Ok(Ok(Err(why))) => Err(Failure(refused, why)),
        Ok(Err(_)) => Err(unavailable("the puppet has ended".to_owned())),
        Err(_) => Err(Failure(StatusCode::GATEWAY_TIMEOUT, "the puppet did not answer within a minute".to_owned())),
    }
}
