//! Reads a blocking input on a thread of its own, so that answers go out while nothing comes in.

use std::io::Read;

use futures::channel::mpsc::unbounded;
use futures::io::AsyncRead;
use futures::stream::TryStreamExt;

/// The bytes of an input as they come.
pub fn reading(mut input: impl Read + Send + 'static) -> impl AsyncRead + Unpin {
    let (sender, receiver) = unbounded();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = input
                .read(&mut buffer)
                .map(|n| buffer.get(..n).unwrap_or_default().to_vec());
            let ended = matches!(&read, Ok(bytes) if bytes.is_empty());
            let failed = read.is_err();
            if ended || sender.unbounded_send(read).is_err() || failed {
                return;
            }
        }
    });
    receiver.into_async_read()
}
