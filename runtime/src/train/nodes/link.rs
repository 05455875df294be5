//! A connection to another node: messages with a head in JSON and a body of bytes, signs of life while there is nothing
//! to say, and a time limit for silence. Knows no training.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a node shows that it lives, and how long it may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two signs of life.
    pub beat: Duration,
    /// Until a silent node is given up.
    pub silence: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            beat: Duration::from_secs(1),
            silence: Duration::from_secs(60),
        }
    }
}

/// Longer heads are not ours.
const LONGEST_HEAD: usize = 1 << 20;

/// A message starts with the lengths of its head (4 bytes) and its body (8 bytes), lowest byte first. A sign of life has
/// neither.
const PREFIX: usize = 12;

/// An open connection. It ends when it is dropped.
pub struct Link {
    stream: TcpStream,
    writer: Arc<Mutex<TcpStream>>,
    received: Receiver<Result<Message, String>>,
    _beating: Sender<()>,
}

struct Message {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Link {
    /// Takes a connection over. Bodies of more than `longest` bytes are refused.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(stream: TcpStream, pace: Pace, longest: usize) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(pace.silence))?;
        // The other side always reads, whatever else it does: who cannot write for so long has lost it.
        stream.set_write_timeout(Some(pace.silence))?;
        let writer = Arc::new(Mutex::new(stream.try_clone()?));
        let mut reader = stream.try_clone()?;
        let (sender, received) = channel();
        thread::Builder::new()
            .name("node-reader".into())
            .spawn(move || {
                loop {
                    let message = read(&mut reader, pace, longest);
                    let over = message.is_err();
                    if sender.send(message).is_err() || over {
                        return;
                    }
                }
            })?;
        let (beating, stopped) = channel::<()>();
        let voice = writer.clone();
        thread::Builder::new()
            .name("node-beat".into())
            .spawn(move || {
                while stopped.recv_timeout(pace.beat) == Err(RecvTimeoutError::Timeout) {
                    if lock(&voice).write_all(&[0; PREFIX]).is_err() {
                        // Whoever reads will notice, too.
                        return;
                    }
                }
            })?;
        Ok(Self {
            stream,
            writer,
            received,
            _beating: beating,
        })
    }

    /// Says something.
    ///
    /// # Errors
    /// Why it cannot be said, as the end of a sentence.
    pub fn send(&self, head: &impl Serialize, body: &[u8]) -> Result<(), String> {
        let head = serde_json::to_vec(head).map_err(|e| e.to_string())?;
        let mut start = Vec::with_capacity(PREFIX + head.len());
        start.extend((head.len() as u32).to_le_bytes());
        start.extend((body.len() as u64).to_le_bytes());
        start.extend(head);
        let mut writer = lock(&self.writer);
        let written = writer
            .write_all(&start)
            .and_then(|()| writer.write_all(body));
        written.map_err(|e| ended(&e))
    }

    /// Waits for what the other side says.
    ///
    /// # Errors
    /// Why nothing will come, as the end of a sentence.
    pub fn receive<H: DeserializeOwned>(&self) -> Result<(H, Vec<u8>), String> {
        let message = self.received.recv();
        parse(message.unwrap_or_else(|_| Err("its connection ended".into()))?)
    }

    /// Waits so long at most; None if nothing has come by then.
    ///
    /// # Errors
    /// Why nothing will come, as the end of a sentence.
    pub fn receive_within<H: DeserializeOwned>(
        &self,
        time: Duration,
    ) -> Result<Option<(H, Vec<u8>)>, String> {
        match self.received.recv_timeout(time) {
            Ok(message) => parse(message?).map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err("its connection ended".into()),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // What was written still goes out; the reader's thread comes back from its waiting.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn lock(writer: &Mutex<TcpStream>) -> std::sync::MutexGuard<'_, TcpStream> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

fn parse<H: DeserializeOwned>(message: Message) -> Result<(H, Vec<u8>), String> {
    let head = serde_json::from_slice(&message.head)
        .map_err(|e| format!("it said what this version does not understand: {e}"))?;
    Ok((head, message.body))
}

/// The next message; passes over signs of life.
fn read(stream: &mut TcpStream, pace: Pace, longest: usize) -> Result<Message, String> {
    let why = |error: io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("it was silent for {} s", pace.silence.as_secs_f64())
        }
        _ => ended(&error),
    };
    loop {
        let (mut head, mut body) = ([0; 4], [0; 8]);
        stream.read_exact(&mut head).map_err(why)?;
        stream.read_exact(&mut body).map_err(why)?;
        let head = u32::from_le_bytes(head) as usize;
        let body = u64::from_le_bytes(body);
        if head == 0 && body == 0 {
            continue;
        }
        let body = usize::try_from(body).ok().filter(|n| *n <= longest);
        let Some(body) = body.filter(|_| head <= LONGEST_HEAD) else {
            return Err("it said what no termc says".into());
        };
        let mut message = Message {
            head: vec![0; head],
            body: vec![0; body],
        };
        stream.read_exact(&mut message.head).map_err(why)?;
        stream.read_exact(&mut message.body).map_err(why)?;
        return Ok(message);
    }
}

fn ended(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => "its connection ended".into(),
        _ => format!("its connection failed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    const QUICK: Pace = Pace {
        beat: Duration::from_millis(50),
        silence: Duration::from_millis(400),
    };

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    #[test]
    fn messages_arrive_in_order_and_silence_is_bridged() {
        let (one, other) = pair();
        let one = Link::new(one, QUICK, 1 << 20).unwrap();
        let other = Link::new(other, QUICK, 1 << 20).unwrap();
        let body: Vec<u8> = (0..1 << 20).map(|i| i as u8).collect();
        one.send(&"first", &body).unwrap();
        one.send(&"second", &[]).unwrap();
        assert_eq!(other.receive::<String>().unwrap(), ("first".into(), body));
        // Much longer than the time limit for silence.
        thread::sleep(Duration::from_millis(1200));
        assert_eq!(other.receive::<String>().unwrap().0, "second");
        let nothing = other.receive_within::<String>(Duration::from_millis(600));
        assert_eq!(nothing, Ok(None));
        drop(one);
        let end = other.receive::<String>().unwrap_err();
        assert_eq!(end, "its connection ended");
    }

    #[test]
    fn the_last_word_arrives_although_the_sender_is_gone() {
        let (one, other) = pair();
        let one = Link::new(one, QUICK, 10).unwrap();
        let other = Link::new(other, QUICK, 10).unwrap();
        one.send(&"farewell", b"1234567890").unwrap();
        drop(one);
        let (head, body) = other.receive::<String>().unwrap();
        assert_eq!(
            (head.as_str(), body.as_slice()),
            ("farewell", &b"1234567890"[..])
        );
    }

    #[test]
    fn who_is_silent_is_given_up() {
        let (_mute, other) = pair();
        let other = Link::new(other, QUICK, 10).unwrap();
        let began = Instant::now();
        let why = other.receive::<String>().unwrap_err();
        assert_eq!(why, "it was silent for 0.4 s");
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn strangers_are_found_out() {
        let heads: [&[u8]; 3] = [
            b"GET / HTTP/1.1\r\n\r\n",
            &[5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'?', b'?'],
        ];
        for bytes in heads {
            let (mut stranger, other) = pair();
            let other = Link::new(other, QUICK, 8).unwrap();
            stranger.write_all(bytes).unwrap();
            let why = other.receive::<String>().unwrap_err();
            assert!(why.starts_with("it said what"), "{why}");
        }
    }
}
