//! The service over loopback, where the test plays the puppet.

use super::*;
use crate::{
    character::CharacterChoice,
    runtime::{
        Command, Outcome, SourceChoice, Status,
        testing::{self, FakePuppet},
    },
    settings::{Background, QualityChoice},
};
use bunraku_engine::{MAX_SIZE, MIN_SIZE};
use serde_json::Value;
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

struct Running {
    client: Client,
    service: Service,
    puppet: FakePuppet,
}

/// Sends requests to the service at this address.
#[derive(Clone, Copy)]
struct Client(SocketAddr);

fn start(token: Option<&str>) -> Running {
    let (handle, puppet) = testing::handle();
    let token = token.and_then(Token::new);
    let service = Service::start(SocketAddr::from(([127, 0, 0, 1], 0)), token, handle).expect("a free port");
    Running { client: Client(service.address()), service, puppet }
}

impl Client {
    /// Sends a request and returns the status with the body.
    fn send(self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.0).expect("it listens");
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
        stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn post(self, path: &str, body: &str) -> (u16, Value) {
        self.send("POST", path, "Content-Type: application/json\r\n", body)
    }
}

#[test]
fn commands_reach_the_puppet_and_their_outcome_comes_back() {
    let running = start(None);
    let client = running.client;
    let send = |path: &'static str, body: &'static str, outcome: Outcome| {
        std::thread::scope(|scope| {
            let answer = scope.spawn(|| client.post(path, body));
            let command = running.puppet.answer(outcome);
            (command, answer.join().expect("answered"))
        })
    };
    let (command, answer) = send("/api/source", r#"{"index": 2}"#, Ok(()));
    assert_eq!((command, answer.0), (Command::ChooseSource(SourceChoice::Index(2)), 200));
    let (command, _) = send("/api/source", r#"{"spec": "replay:file=x"}"#, Ok(()));
    assert_eq!(command, Command::ChooseSource(SourceChoice::Spec("replay:file=x".parse().expect("a source"))));
    let (command, answer) = send("/api/source", r#"{"name": "replai"}"#, Err("did you mean `replay`?".to_owned()));
    assert_eq!((command, answer.0), (Command::ChooseSource(SourceChoice::Name("replai".to_owned())), 404));
    assert_eq!(answer.1["error"], "did you mean `replay`?");
    assert_eq!(send("/api/calibrate", "", Ok(())).0, Command::Recentre);
    assert_eq!(send("/api/size", r#"{"size": 256}"#, Ok(())).0, Command::SetSize(256));
    assert_eq!(send("/api/quality", r#"{"quality": "fast"}"#, Ok(())).0, Command::SetQuality(QualityChoice::Fast));
    assert_eq!(send("/api/quit", "", Ok(())).0, Command::Quit);
    let (command, answer) = send("/api/character", r#"{"path": "x"}"#, Err("no such file".to_owned()));
    assert_eq!((command, answer.0), (Command::LoadCharacter(CharacterChoice::Path("x".into())), 422));
    let (command, _) = send("/api/background", r##"{"background": "#102030"}"##, Ok(()));
    assert_eq!(command, Command::SetBackground(Background::Colour([16, 32, 48])));
}

#[test]
fn the_status_is_that_of_the_next_step() {
    let running = start(None);
    let client = running.client;
    let status = Status { steps: 7, character: "lamb".to_owned(), ..Status::default() };
    let (code, body) = std::thread::scope(|scope| {
        let answer = scope.spawn(|| client.send("GET", "/api/status", "", ""));
        running.puppet.describe(status);
        answer.join().expect("answered")
    });
    assert_eq!((code, &body["steps"], &body["character"]), (200, &7.into(), &"lamb".into()));
    assert_eq!(body["pose"].as_array().map(Vec::len), Some(45));
}

#[test]
fn invalid_requests_are_refused_with_the_reason_as_json() {
    let running = start(None);
    let json = "Content-Type: application/json\r\n";
    for (method, path, headers, body, expected) in [
        ("POST", "/api/source", json, "{}", 400),
        ("POST", "/api/source", json, r#"{"index": 1, "name": "x"}"#, 400),
        ("POST", "/api/source", json, r#"{"indx": 1}"#, 422),
        ("POST", "/api/source", json, r#"{"spec": ":"}"#, 400),
        ("POST", "/api/source", json, "nonsense", 400),
        ("POST", "/api/source", "", r#"{"index": 1}"#, 415),
        ("POST", "/api/background", json, r##"{"background": "#12"}"##, 422),
        ("GET", "/api/source", "", "", 405),
        ("GET", "/etc/passwd", "", "", 404),
        ("GET", "/api/status", "Origin: https://evil.example\r\n", "", 403),
    ] {
        let (status, answer) = running.client.send(method, path, headers, body);
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|why| !why.is_empty()), "{method} {path} {body}: {answer}");
    }
    let large = format!(r#"{{"name": "{}"}}"#, "x".repeat(70_000));
    assert_eq!(running.client.post("/api/source", &large).0, 413);
}

#[test]
fn a_chosen_token_is_asked_for_even_on_this_machine() {
    let running = start(Some("abc"));
    let get = |headers: &str| running.client.send("GET", "/api/openapi.json", headers, "").0;
    assert_eq!((get(""), get("Authorization: Bearer abd\r\n"), get("Authorization: Bearer abc\r\n")), (401, 401, 200));
}

#[test]
fn the_document_lists_every_route_with_its_method_and_is_served() {
    let running = start(None);
    let (status, document) = running.client.send("GET", "/api/openapi.json", "", "");
    assert_eq!(status, 200);
    let paths = document["paths"].as_object().expect("an object");
    // `routes!` adds a route and its description together, so the document cannot lack a route of the router.
    for (path, methods) in paths {
        let method = if ["/api/status", "/api/openapi.json"].contains(&path.as_str()) { "get" } else { "post" };
        assert!(methods[method]["summary"].is_string() && methods[method]["responses"]["200"].is_object(), "{path}");
        let wrong = if method == "get" { "POST" } else { "GET" };
        assert_eq!(running.client.send(wrong, path, "", "").0, 405, "{wrong} {path}");
    }
    assert_eq!(paths.len(), 9, "{:?}", paths.keys());
}

#[test]
fn the_document_describes_bodies_sizes_and_the_token() {
    let document = serde_json::to_value(routes::documented_routes().get_openapi()).expect("JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert_eq!(document["security"], serde_json::json!([{}, { "token": [] }]));
    let schemas = &document["components"]["schemas"];
    let size = &schemas["SizeBody"]["properties"]["size"];
    assert_eq!((&size["minimum"], &size["maximum"]), (&MIN_SIZE.into(), &MAX_SIZE.into()));
    assert_eq!(schemas["QualityChoice"]["enum"], serde_json::json!(["full", "high", "fast", "auto"]));
    for name in ["Status", "SourceBody", "ErrorBody", "Done"] {
        assert!(schemas[name]["properties"].is_object(), "{name}");
    }
}

#[test]
fn an_address_for_other_machines_gets_a_token_unless_you_gave_one() {
    let start = |token| {
        let (handle, _puppet) = testing::handle();
        Service::start(SocketAddr::from(([0, 0, 0, 0], 0)), token, handle).expect("a free port")
    };
    assert!(start(None).generated_token().is_some());
    assert!(start(Token::new("abc")).generated_token().is_none());
}

#[test]
fn a_taken_port_is_an_error_and_a_stopped_service_frees_its_own() {
    let running = start(None);
    let address = running.service.address();
    let (handle, _puppet) = testing::handle();
    assert!(Service::start(address, None, handle.clone()).is_err());
    drop(running);
    Service::start(address, None, handle).expect("free again");
}

#[test]
fn a_connection_ends_with_its_answer_so_that_none_is_held_for_nothing() {
    let running = start(None);
    let mut stream = TcpStream::connect(running.service.address()).expect("it listens");
    stream.write_all(b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut answer = String::new();
    // Ends although this side asked for nothing of the kind.
    stream.read_to_string(&mut answer).expect("answered and closed");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.to_lowercase().contains("connection: close"), "{answer}");
}
