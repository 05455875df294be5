//! Who may connect, for how long, and who has to go: accepts connections, closes those that keep the service waiting where there
//! are too many, and ends all of them when the service stops. Knows no routes.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{sleep, timeout};
use tower_service::Service;

/// Longest time the head of a request may take to arrive, and an idle connection stays.
const HEADER: Duration = Duration::from_secs(5);
/// Longest time requests in flight may take once the service is to stop.
const GRACE: Duration = Duration::from_secs(10);
/// What a client is told for whom there is no place, all others being at work.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// One connection. Handlers find it among a request's extensions.
#[derive(Debug)]
pub struct Connection {
    /// Since when it has kept the service waiting; None while the service works for it.
    waiting: Mutex<Option<Instant>>,
    close: Notify,
}

/// Works for a connection until it is dropped.
#[derive(Debug)]
pub struct Working(Arc<Connection>);

impl Connection {
    fn new() -> Self {
        Self {
            waiting: Mutex::new(Some(Instant::now())),
            close: Notify::new(),
        }
    }

    /// All of a request is there: while the service works for it, it is not closed to make room.
    pub fn working(self: &Arc<Self>) -> Working {
        self.set(None);
        Working(Arc::clone(self))
    }

    fn set(&self, waiting: Option<Instant>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = waiting;
    }

    fn waiting(&self) -> Option<Instant> {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

/// The connections that are open.
#[derive(Debug, Default)]
struct Open(Mutex<Vec<Arc<Connection>>>);

impl Open {
    fn list<T>(&self, with: impl FnOnce(&mut Vec<Arc<Connection>>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self) -> Arc<Connection> {
        let connection = Arc::new(Connection::new());
        self.list(|open| open.push(Arc::clone(&connection)));
        connection
    }

    fn remove(&self, connection: &Arc<Connection>) {
        self.list(|open| open.retain(|other| !Arc::ptr_eq(other, connection)));
    }

    fn len(&self) -> usize {
        self.list(|open| open.len())
    }

    /// Closes the connection that has kept the service waiting longest; false if the service works for all of them.
    fn close_slowest(&self) -> bool {
        self.list(|open| {
            let waiting = open.iter().enumerate();
            let waiting = waiting.filter_map(|(i, connection)| Some((connection.waiting()?, i)));
            match waiting.min() {
                Some((_, slowest)) => {
                    open.swap_remove(slowest).close.notify_one();
                    true
                }
                None => false,
            }
        })
    }
}

/// Serves at most `most` connections at a time until `stop` is done, then finishes what is in flight. Where one more comes, the
/// one that has kept the service waiting longest goes, half-sent requests and idle ones alike. A connection that cannot be
/// accepted is the client's loss.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    most: usize,
    stop: impl Future<Output = ()> + Send,
) {
    let open = Arc::new(Open::default());
    let (stopping, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        while tasks.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // No descriptor is left, or the client has gone again.
                match open.close_slowest() {
                    true => yield_now().await,
                    false => sleep(Duration::from_millis(10)).await,
                }
                continue;
            }
        };
        while open.len() >= most.max(1) && open.close_slowest() {}
        if open.len() >= most.max(1) {
            // It fits into the buffer of a new connection; who cannot be told is not.
            let _ = stream.try_write(FULL);
            continue;
        }
        let connection = open.add();
        let (open, router, stopped) = (Arc::clone(&open), router.clone(), stopped.clone());
        tasks.spawn(async move {
            converse(stream, router, &connection, stopped).await;
            open.remove(&connection);
        });
    }
    drop(listener);
    // Nobody listens any more if there are no connections.
    let _ = stopping.send(true);
    let _ = timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Answers the requests of one connection until it ends, is to close, or the service stops.
async fn converse(
    stream: TcpStream,
    router: Router,
    connection: &Arc<Connection>,
    mut stopped: watch::Receiver<bool>,
) {
    let answer = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(connection));
        let mut router = router.clone();
        async move { router.call(request.map(Body::new)).await }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER);
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), answer));
    let mut asked_to_stop = false;
    loop {
        tokio::select! {
            // A connection that breaks is the client's business.
            _ = serving.as_mut() => return,
            () = connection.close.notified() => return,
            _ = stopped.wait_for(|stopped| *stopped), if !asked_to_stop => {
                asked_to_stop = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_that_is_waited_for_goes_first_and_nobody_who_is_worked_for() {
        let open = Open::default();
        let [first, second, third] = [(); 3].map(|()| open.add());
        first.set(Some(Instant::now() - Duration::from_secs(1)));
        let work = first.working();
        second.set(Some(Instant::now() - Duration::from_secs(2)));
        assert!(open.close_slowest());
        assert!(open.list(|open| !open.iter().any(|c| Arc::ptr_eq(c, &second))));
        assert!(open.close_slowest());
        assert!(open.list(|open| !open.iter().any(|c| Arc::ptr_eq(c, &third))));
        assert!(
            !open.close_slowest(),
            "the service works for the one that is left"
        );
        drop(work);
        assert!(open.close_slowest());
        assert_eq!(open.len(), 0);
    }
}
