//! The HTTP service: routes, limits, errors, and how it stops. Leaves pictures and batches to others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::batch::{Batcher, Refusal};
use crate::classifier::Guess;
use crate::picture::Picture;

/// Largest body in bytes.
const BODY: usize = 1 << 20;
/// Longest time a request may take, a slow sender's included.
const REQUEST: Duration = Duration::from_secs(20);
/// Longest time requests in flight may take once the service is to stop.
const GRACE: Duration = Duration::from_secs(10);

/// `POST /classify` with a PNG, and `GET /health`.
pub fn router(batcher: Batcher) -> Router {
    Router::new()
        .route("/classify", post(classify))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn(in_time))
        .with_state(batcher)
}

/// Serves until `stop` is done, then finishes what is in flight.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    batcher: Batcher,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let signal = async move {
        stop.await;
        // Nobody listens any more if the server failed first.
        let _ = stopping.send(());
    };
    let serving = axum::serve(listener, router(batcher)).with_graceful_shutdown(signal);
    let too_late = async {
        match stopped.await {
            Ok(()) => sleep(GRACE).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = serving.into_future() => served,
        () = too_late => Ok(()),
    }
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

async fn health(State(batcher): State<Batcher>) -> Json<Health> {
    let counts = batcher.counts();
    Json(Health {
        status: "ok",
        pictures: counts.pictures.load(Ordering::Relaxed),
        batches: counts.batches.load(Ordering::Relaxed),
    })
}

async fn classify(State(batcher): State<Batcher>, request: Request) -> Response {
    let kind = request.headers().get(CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != "image/png") {
        let wanted = "the body must be a picture of type `image/png`";
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, wanted);
    }
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => return problem(rejection.status(), rejection),
    };
    let picture = match Picture::decode(&body) {
        Ok(picture) => picture,
        Err(error) => return problem(StatusCode::BAD_REQUEST, error),
    };
    match batcher.classify(picture).await {
        Ok(classes) => Json(Classified { classes }).into_response(),
        Err(Refusal::Busy) => {
            let busy = problem(StatusCode::SERVICE_UNAVAILABLE, "too many pictures wait");
            ([(RETRY_AFTER, "1")], busy).into_response()
        }
        Err(Refusal::Failed) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the network failed"),
    }
}

/// Gives up on requests that take too long.
async fn in_time(request: Request, next: Next) -> Response {
    match timeout(REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => problem(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    }
}
