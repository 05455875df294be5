//! The HTTP service: routes, limits of a request, errors. Leaves connections, pictures and batches to others.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tokio::time::timeout;

use crate::batch::{Batcher, Refusal};
use crate::classifier::Guess;
use crate::connections::Connection;
use crate::decoder::{Decoder, NotDecoded};

/// Largest body in bytes.
const BODY: usize = 1 << 20;
/// Longest time the body of a request may take to arrive.
const SENDING: Duration = Duration::from_secs(10);
/// Longest time a request may take from its head to its answer.
const REQUEST: Duration = Duration::from_secs(30);

/// What requests are answered with.
#[derive(Clone, Debug)]
pub struct Service {
    /// Decodes pictures.
    pub decoder: Decoder,
    /// Names them.
    pub batcher: Batcher,
}

/// `POST /classify` with a PNG, and `GET /health`.
pub fn router(service: Service) -> Router {
    Router::new()
        .route("/classify", post(classify))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn(in_time))
        .with_state(service)
}

#[derive(Serialize)]
struct Classified {
    classes: Vec<Guess>,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    pictures: u64,
    batches: u64,
}

#[derive(Serialize)]
struct Problem {
    error: String,
}

fn problem(status: StatusCode, error: impl ToString) -> Response {
    let error = error.to_string();
    (status, Json(Problem { error })).into_response()
}

async fn health(State(service): State<Service>) -> Json<Health> {
    let counts = service.batcher.counts();
    Json(Health {
        status: "ok",
        pictures: counts.pictures.load(Ordering::Relaxed),
        batches: counts.batches.load(Ordering::Relaxed),
    })
}

async fn classify(State(service): State<Service>, request: Request) -> Response {
    if !is_png(request.headers()) {
        let wanted = "the body must be a picture of type `image/png`";
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, wanted);
    }
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    let body = match timeout(SENDING, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) => return problem(rejection.status(), rejection),
        Err(_) => {
            return problem(
                StatusCode::REQUEST_TIMEOUT,
                "the picture took too long to arrive",
            );
        }
    };
    // From here on the client keeps nobody waiting.
    let _working = connection.as_ref().map(Connection::working);
    let picture = match service.decoder.decode(body).await {
        Ok(picture) => picture,
        Err(NotDecoded::NoPicture(error)) => return problem(StatusCode::BAD_REQUEST, error),
        Err(NotDecoded::Busy) => return busy(),
        Err(NotDecoded::Failed) => {
            return problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the picture could not be decoded",
            );
        }
    };
    match service.batcher.classify(picture).await {
        Ok(classes) => Json(Classified { classes }).into_response(),
        Err(Refusal::Busy) => busy(),
        Err(Refusal::Failed) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the network failed"),
    }
}

fn busy() -> Response {
    let busy = problem(StatusCode::SERVICE_UNAVAILABLE, "too many pictures wait");
    ([(RETRY_AFTER, "1")], busy).into_response()
}

/// Whether the body is said to be a PNG. Types are compared without regard to case, and parameters do not matter (RFC 9110,
/// 8.3.1).
fn is_png(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    let is_png = kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("image/png"));
    is_png && kinds.next().is_none()
}

/// Gives up on requests that take too long.
async fn in_time(request: Request, next: Next) -> Response {
    match timeout(REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => problem(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn media_types_are_compared_as_the_standard_says() {
        let is = |kinds: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for kind in kinds {
                headers.append(CONTENT_TYPE, HeaderValue::from_static(kind));
            }
            is_png(&headers)
        };
        for kind in [
            "image/png",
            "IMAGE/PNG",
            "Image/Png; charset=binary",
            "image/png;q=1",
            "image/png ; name=\"a;b.png\"",
        ] {
            assert!(is(&[kind]), "{kind}");
        }
        for kind in [
            "image/pngx",
            "image/x-png",
            "image",
            "text/plain; a=image/png",
            "",
        ] {
            assert!(!is(&[kind]), "{kind}");
        }
        assert!(!is(&[]));
        assert!(!is(&["image/png", "text/plain"]));
    }
}
