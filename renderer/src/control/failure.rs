//! Failures of requests: JSON to the client, and responses in the `OpenAPI` document.

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder},
};

/// Why a request failed.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorBody {
    /// The reason, in words.
    error: String,
}

/// A status with the reason.
pub(super) struct Failure(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.0, Json(ErrorBody { error: self.1 })).into_response();
        if self.0 == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

/// A JSON body whose rejection is JSON too.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}

type Responses = BTreeMap<String, RefOr<utoipa::openapi::Response>>;

fn responses(failures: &[(u16, &str)]) -> Responses {
    let content = || ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    let response = |why: &str| ResponseBuilder::new().description(why).content("application/json", content()).build();
    failures.iter().map(|(status, why)| (status.to_string(), response(why).into())).collect()
}

/// The failures of any request.
pub(super) struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        responses(&[
            (400, "The request cannot be read."),
            (401, "The token is missing or wrong."),
            (403, "This service does not answer to that host or to pages of that origin."),
        ])
    }
}

/// The failures of any command.
pub(super) struct NotDone;

impl IntoResponses for NotDone {
    fn responses() -> Responses {
        responses(&[(503, "The puppet has ended or is too busy."), (504, "The puppet did not answer within a minute.")])
    }
}

/// The failures of any request with a body.
pub(super) struct BadBody;

impl IntoResponses for BadBody {
    fn responses() -> Responses {
        responses(&[
            (413, "The body is too large."),
            (415, "The body is not declared as application/json."),
            (422, "The body has the wrong fields, or the puppet cannot do it."),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_without_a_token_is_told_the_scheme() {
        let response = Failure(StatusCode::UNAUTHORIZED, String::new()).into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
