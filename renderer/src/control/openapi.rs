//! The service's own description of itself, as an `OpenAPI` document.

use bunraku_engine::{MAX_SIZE, MIN_SIZE};
use serde_json::{Value, json};

/// Describes one route that takes a JSON body.
fn order(summary: &str, body: &Value, failures: &[&str]) -> Value {
    let mut responses = json!({ "200": { "description": "Done." } });
    for status in failures.iter().chain(&["400", "401", "403", "503"]) {
        responses[*status] = failure("Not done.");
    }
    // A body that is no JSON, or JSON of another shape.
    for status in ["413", "415", "422"].iter().filter(|_| !body.is_null()) {
        responses[*status] = failure("Not done.");
    }
    let mut operation = json!({ "summary": summary, "responses": responses });
    if !body.is_null() {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    json!({ "post": operation })
}

fn answer(summary: &str, failures: &[&str]) -> Value {
    let mut responses = json!({ "200": { "description": "As asked.", "content": { "application/json": {} } } });
    for status in failures.iter().chain(&["400", "401", "403"]) {
        responses[*status] = failure("Not answered.");
    }
    json!({ "get": { "summary": summary, "responses": responses } })
}

fn failure(about: &str) -> Value {
    json!({ "description": about, "content": { "application/json": {
        "schema": { "type": "object", "properties": { "error": { "type": "string" } } } } } })
}

fn text(name: &str, about: &str) -> Value {
    json!({ "type": "object", "required": [name], "properties": { name: { "type": "string", "description": about } } })
}

/// The document; `paths` is where it names every route.
pub(super) fn document() -> Value {
    let source = json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "properties": {
        "name": { "type": "string", "description": "A source of the list by its name, the first of that name." },
        "index": { "type": "integer", "minimum": 0, "description": "A source of the list by its place, 0 first." },
        "spec": { "type": "string", "description": "A source to open, NAME[:KEY=VALUE,…] as after --source." } } });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bunraku's control service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Steers a running puppet. An address other than this machine's own asks for the token.",
            "license": { "name": "MIT OR Apache-2.0" }
        },
        "security": [{}, { "token": [] }],
        "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
        "paths": {
            "/api/status": answer("The show as it is now: frame rate, pose, sources and their states, engine.", &["500"]),
            "/api/source": order("Make a source live; the pose cross-fades.", &source, &["404"]),
            "/api/character": order("Put another character on stage. The old one stays until it is loaded, and if it cannot be.",
                &text("path", "The character model's folder, its character_model.yaml, or one of the words bundled and bundled-lite."), &["422", "504"]),
            "/api/calibrate": order("Take the face's present turn as straight ahead.", &Value::Null, &["422", "504"]),
            "/api/background": order("Put something else behind the character.",
                &text("background", "transparent, green, blue, black, white, #RRGGBB or a picture's path."), &["422"]),
            "/api/size": order("Draw at another size.", &json!({ "type": "object", "required": ["size"], "properties": {
                "size": { "type": "integer", "minimum": MIN_SIZE, "maximum": MAX_SIZE } } }), &["422"]),
            "/api/quality": order("Draw with another quality; auto keeps the frame rate.",
                &text("quality", "auto, full, high or fast."), &["422"]),
            "/api/quit": order("End the show.", &Value::Null, &[]),
            "/api/openapi.json": answer("This document.", &[]),
        }
    })
}
