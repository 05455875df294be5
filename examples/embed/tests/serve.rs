//! The service as a client meets it: over a loopback port, until it is told to stop. Every wait has an end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;

use support::{Server, sample};

/// Longest time anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Status and JSON body.
type Reply = (u16, Value);

fn start(arguments: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serve"));
    Server::start(command.args(["--address", "127.0.0.1:0"]).args(arguments))
}

impl Server {
    fn post(&self, kind: &str, body: &[u8]) -> Reply {
        let request = agent().post(format!("http://{}/classify", self.address));
        reply(request.header("content-type", kind).send(body))
    }

    fn get(&self, path: &str) -> Reply {
        reply(agent().get(format!("http://{}{path}", self.address)).call())
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// How it ended, within `patience`.
    fn end(&mut self, patience: Duration) -> ExitStatus {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the service did not stop");
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(PATIENCE)).build().into()
}

fn reply(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Reply {
    let mut response = response.unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[test]
fn concurrent_requests_get_the_answers_of_lone_ones_and_share_passes() {
    let server = start(&["--batch", "8", "--wait", "300"]);
    let digits = ["3", "7", "8"];
    let alone = digits.map(|digit| {
        let (status, body) = server.post("image/png", &sample(digit));
        assert_eq!(status, 200, "{body}");
        let classes = body["classes"].as_array().unwrap();
        assert_eq!(classes.len(), 10);
        assert_eq!(classes[0]["class"], digit);
        assert!(classes[0]["probability"].as_f64().unwrap() > 0.5);
        body
    });
    let (_, health) = server.get("/health");
    assert_eq!(
        (&health["pictures"], &health["batches"]),
        (&3.into(), &3.into())
    );
    thread::scope(|scope| {
        for (digit, alone) in digits.iter().zip(&alone).cycle().take(24) {
            let server = &server;
            scope.spawn(move || {
                let (status, body) = server.post("image/png", &sample(digit));
                // To the last digit, whatever was asked along with it.
                assert_eq!((status, &body), (200, alone));
            });
        }
    });
    let (status, health) = server.get("/health");
    assert_eq!((status, &health["status"]), (200, &Value::from("ok")));
    assert_eq!(health["pictures"], 27);
    let batches = health["batches"].as_u64().unwrap() - 3;
    assert!(
        (3..=12).contains(&batches),
        "{batches} passes for 24 pictures"
    );
}

#[test]
fn bad_requests_are_refused_and_the_service_goes_on() {
    let server = start(&[]);
    let picture = sample("7");
    let refused = [
        (400, "image/png", b"not a picture".to_vec()),
        (400, "image/png", picture[..picture.len() / 2].to_vec()),
        (400, "image/png", vec![]),
        (413, "image/png", vec![0; (1 << 20) + 1]),
        (415, "image/jpeg", picture.clone()),
        (415, "text/plain", picture.clone()),
    ];
    for (expected, kind, body) in refused {
        let (status, answer) = server.post(kind, &body);
        assert_eq!(status, expected, "{kind}, {} bytes: {answer}", body.len());
        assert!(!answer["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(server.get("/classify").0, 405);
    assert_eq!(server.get("/nothing").0, 404);
    assert_eq!(server.post("image/png", &picture).0, 200);
}

#[test]
fn a_signal_finishes_what_is_in_flight() {
    for signal in ["-TERM", "-INT"] {
        let mut server = start(&["--wait", "1500"]);
        thread::scope(|scope| {
            let asked = scope.spawn(|| server.post("image/png", &sample("7")));
            thread::sleep(Duration::from_millis(500));
            assert!(!asked.is_finished());
            server.signal(signal);
            let (status, body) = asked.join().unwrap();
            assert_eq!(status, 200, "{body}");
            assert_eq!(body["classes"][0]["class"], "7");
        });
        assert_eq!(server.end(PATIENCE).code(), Some(0), "{signal}");
    }
}

#[test]
fn an_idle_service_stops_at_once() {
    let mut server = start(&[]);
    assert_eq!(server.get("/health").0, 200);
    server.signal("-TERM");
    assert_eq!(server.end(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn a_request_that_never_comes_does_not_keep_a_stopping_service() {
    let mut server = start(&[]);
    let mut client = TcpStream::connect(&server.address).unwrap();
    client.write_all(b"GET /health HTTP/1.1\r\nhost:").unwrap();
    server.signal("-TERM");
    assert_eq!(server.end(Duration::from_secs(25)).code(), Some(0));
    drop(client);
}

#[test]
fn a_port_in_use_is_an_error() {
    let server = start(&[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_serve"));
    let output = command
        .args(["--address", &server.address])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .starts_with("error: ")
    );
}
