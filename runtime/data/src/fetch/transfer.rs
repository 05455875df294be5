//! One HTTP request whose answer is received on a thread of its own, so that waiting for it can be ended at any time.
//! Writes no files and tries nothing again.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::header::{CONTENT_RANGE, RANGE};

/// How often a waiting receiver looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

/// Pieces of the body that may wait to be written.
const AHEAD: usize = 16;

/// The start of an answer.
#[derive(Debug)]
pub(super) struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Range` header, empty if there is none.
    pub range: String,
    /// Bytes of the body, if announced.
    pub length: Option<u64>,
}

/// Why there is no more.
#[derive(Debug)]
pub(super) enum TransferFailure {
    /// The request had no answer.
    Request(ureq::Error),
    /// The body ended in an error.
    Body(io::Error),
    /// The receiving thread could not be started or ended by itself.
    Thread(String),
    /// Waiting was cancelled.
    Cancelled,
}

enum Message {
    Head(ResponseHead),
    Bytes(Vec<u8>),
    End,
    Failed(TransferFailure),
}

/// An answer that is coming in.
pub(super) struct Transfer(Receiver<Message>);

impl Transfer {
    /// Asks for a file from byte `from` on. Waits for the start of the answer, until `cancelled` at the longest.
    pub fn start(
        agent: &Agent,
        url: &str,
        from: u64,
        cancelled: impl Fn() -> bool,
    ) -> Result<(ResponseHead, Self), TransferFailure> {
        let (sender, receiver) = sync_channel(AHEAD);
        let (agent, url) = (agent.clone(), url.to_owned());
        // Never joined: dropping the receiver ends it, in a read at the latest by the agent's time limits.
        thread::Builder::new()
            .name("download".into())
            .spawn(move || {
                if let Err(failure) = receive(&agent, &url, from, &sender) {
                    // The other side may have given up.
                    let _ = sender.send(Message::Failed(failure));
                }
            })
            .map_err(|error| TransferFailure::Thread(error.to_string()))?;
        let transfer = Self(receiver);
        match transfer.message(cancelled)? {
            Message::Head(head) => Ok((head, transfer)),
            _ => Err(TransferFailure::Thread("the answer has no start".into())),
        }
    }

    /// The next bytes of the body, None at its end. Waits until `cancelled` at the longest.
    pub fn bytes(&self, cancelled: impl Fn() -> bool) -> Result<Option<Vec<u8>>, TransferFailure> {
        match self.message(cancelled)? {
            Message::Bytes(bytes) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    fn message(&self, cancelled: impl Fn() -> bool) -> Result<Message, TransferFailure> {
        while !cancelled() {
            match self.0.recv_timeout(POLL) {
                Ok(Message::Failed(failure)) => return Err(failure),
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(TransferFailure::Thread("the receiving thread ended".into()));
                }
            }
        }
        Err(TransferFailure::Cancelled)
    }
}

/// Runs on the thread; returns early if nobody receives.
fn receive(
    agent: &Agent,
    url: &str,
    from: u64,
    sender: &SyncSender<Message>,
) -> Result<(), TransferFailure> {
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
    }
    let response = request.call().map_err(TransferFailure::Request)?;
    let range = response.headers().get(CONTENT_RANGE);
    let range = range.and_then(|r| r.to_str().ok()).unwrap_or_default();
    let head = ResponseHead {
        status: response.status().as_u16(),
        range: range.to_owned(),
        length: response.body().content_length(),
    };
    let mut connected = sender.send(Message::Head(head)).is_ok();
    let mut body = response.into_body().into_reader();
    while connected {
        let mut buffer = vec![0; 1 << 16];
        let count = body.read(&mut buffer).map_err(TransferFailure::Body)?;
        buffer.truncate(count);
        let message = match count {
            0 => Message::End,
            _ => Message::Bytes(buffer),
        };
        connected = sender.send(message).is_ok() && count > 0;
    }
    Ok(())
}
