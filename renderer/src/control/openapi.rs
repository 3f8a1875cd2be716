//! The service's description of itself, as an `OpenAPI` document; `routes.rs` adds the routes.

use super::failure::ErrorBody;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bunraku's control service",
        description = "Controls a running puppet. On an address other than loopback, every request needs the token.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact()
    ),
    security((), ("token" = [])),
    components(schemas(ErrorBody)),
    modifiers(&TokenScheme)
)]
pub(super) struct Document;

/// Says how the token is sent.
struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}
