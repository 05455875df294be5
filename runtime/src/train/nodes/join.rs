//! How nodes meet: node 0 listens at the rendezvous until all are there, the others come. Who does not fit is refused
//! with the reason, who does not come in time ends the waiting, and nobody waits for ever.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::link::{Link, Pace};
use super::{Agreement, Member, Nodes, Say, lost};
use crate::Error;

/// Between two looks at who has come.
const LOOK: Duration = Duration::from_millis(20);

/// Between two attempts to reach node 0.
const RETRY: Duration = Duration::from_millis(200);

/// How long somebody who connects may take to say who it is.
const HELLO: Duration = Duration::from_secs(10);

/// Where and as which node to join a training.
#[derive(Clone, Copy, Debug)]
pub struct Rendezvous<'a> {
    /// `HOST:PORT` of node 0.
    pub address: &'a str,
    /// How many nodes there are to be, at least 2.
    pub nodes: usize,
    /// Which one this is, from 0.
    pub node: usize,
    /// How long to wait for the others.
    pub patience: Duration,
    /// Ends the waiting when it is set.
    pub stop: &'a AtomicBool,
    /// How nodes show each other that they live.
    pub pace: Pace,
}

impl Rendezvous<'_> {
    /// Waits until all nodes are there. Gradients have at most `parameters` numbers.
    ///
    /// # Errors
    /// Who did not come, or what does not fit together.
    pub fn join(
        &self,
        own: Member,
        agreement: &Agreement,
        parameters: u64,
    ) -> Result<Nodes, Error> {
        let meeting = Meeting {
            place: self,
            until: Instant::now() + self.patience,
            longest: usize::try_from(4 * parameters).unwrap_or(usize::MAX),
        };
        match self.node {
            0 => meeting.host(own, agreement),
            _ => meeting.visit(own, agreement),
        }
    }
}

struct Meeting<'a> {
    place: &'a Rendezvous<'a>,
    until: Instant,
    longest: usize,
}

/// A node that has come.
struct Guest {
    node: usize,
    member: Member,
    link: Link,
}

impl Meeting<'_> {
    fn host(&self, own: Member, agreement: &Agreement) -> Result<Nodes, Error> {
        let address = self.place.address;
        let listen = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = listen().map_err(|e: std::io::Error| match e.kind() {
            ErrorKind::AddrNotAvailable => Error::Node(format!(
                "node 0 cannot listen at `{address}`: this machine does not have that address"
            )),
            _ => Error::Node(format!("node 0 cannot listen at `{address}`: {e}")),
        })?;
        let mut strangers: Vec<(Link, Instant)> = Vec::new();
        let mut guests: Vec<Guest> = Vec::new();
        let end = loop {
            match listener.accept() {
                Ok((stream, _)) => strangers.extend(self.link(stream).map(|l| (l, Instant::now()))),
                // Nobody just now.
                Err(_) => std::thread::sleep(LOOK),
            }
            strangers.retain(|(_, since)| since.elapsed() < HELLO);
            // Who went away again may come back.
            guests.retain(|guest| guest.link.receive_within::<Say>(Duration::ZERO).is_ok());
            let mut waiting = Vec::new();
            let mut refused = None;
            for (link, since) in strangers.drain(..) {
                match link.receive_within::<Say>(Duration::ZERO) {
                    Ok(None) => waiting.push((link, since)),
                    Ok(Some((hello, _))) => {
                        refused = self
                            .receive(hello, link, agreement, &mut guests)
                            .or(refused);
                    }
                    // Not a node, or gone again.
                    Err(_) => {}
                }
            }
            strangers = waiting;
            if let Some(text) = refused {
                break Error::Input(text);
            }
            if guests.len() + 1 == self.place.nodes {
                return self.welcome(own, guests);
            }
            if self.place.stop.load(Ordering::Relaxed) {
                break Error::Node("node 0 was interrupted while it waited for the others".into());
            }
            if Instant::now() >= self.until {
                break self.missing(&guests);
            }
        };
        let say = match &end {
            Error::Input(text) => Say::Refused(text.clone()),
            other => Say::Failed(other.to_string()),
        };
        for guest in &guests {
            // Whoever is gone needs it no more.
            let _ = guest.link.send(&say, &[]);
        }
        Err(end)
    }

    /// Takes a node in; says why if it ends the meeting.
    fn receive(
        &self,
        hello: Say,
        link: Link,
        agreement: &Agreement,
        guests: &mut Vec<Guest>,
    ) -> Option<String> {
        let Say::Hello {
            node,
            nodes,
            member,
            agreement: theirs,
        } = hello
        else {
            return None;
        };
        let refuse = |text: &str| {
            // Whoever is gone needs it no more.
            let _ = link.send(&Say::Refused(text.to_owned()), &[]);
        };
        let expected = self.place.nodes;
        let text = if nodes != expected {
            format!("`--nodes` is {expected} on node 0 and {nodes} on node {node}")
        } else if node == 0 || node >= nodes || guests.iter().any(|guest| guest.node == node) {
            // A mistake of the newcomer; those who are there can go on waiting for the right one.
            refuse(&format!("there is a node {node} already"));
            return None;
        } else if let Some(difference) = agreement.difference(&theirs, node) {
            difference
        } else {
            guests.push(Guest { node, member, link });
            return None;
        };
        let text = format!("the nodes were started differently: {text}");
        refuse(&text);
        Some(text)
    }

    fn welcome(&self, own: Member, mut guests: Vec<Guest>) -> Result<Nodes, Error> {
        guests.sort_by_key(|guest| guest.node);
        let others = guests.iter().map(|guest| guest.member.clone());
        let members: Vec<Member> = std::iter::once(own).chain(others).collect();
        let nodes = Nodes {
            node: 0,
            links: guests.into_iter().map(|g| (g.node, g.link)).collect(),
            parted: false,
            members,
        };
        nodes.tell(&Say::Welcome(nodes.members.clone()), &[])?;
        Ok(nodes)
    }

    fn missing(&self, guests: &[Guest]) -> Error {
        let missing: Vec<String> = (1..self.place.nodes)
            .filter(|node| guests.iter().all(|guest| guest.node != *node))
            .map(|node| node.to_string())
            .collect();
        let (word, have) = match missing.len() {
            1 => ("node", "has"),
            _ => ("nodes", "have"),
        };
        Error::Node(format!(
            "{word} {} of {} {have} not joined at `{}` within {}",
            missing.join(", "),
            self.place.nodes,
            self.place.address,
            seconds(self.place.patience),
        ))
    }

    fn visit(&self, own: Member, agreement: &Agreement) -> Result<Nodes, Error> {
        let link = self.reach()?;
        let hello = Say::Hello {
            node: self.place.node,
            nodes: self.place.nodes,
            member: own,
            agreement: agreement.clone(),
        };
        link.send(&hello, &[]).map_err(|why| lost(0, &why))?;
        loop {
            let heard = link.receive_within::<Say>(LOOK);
            match heard.map_err(|why| lost(0, &why))? {
                Some((Say::Welcome(members), _)) if members.len() == self.place.nodes => {
                    return Ok(Nodes {
                        node: self.place.node,
                        links: vec![(0, link)],
                        parted: false,
                        members,
                    });
                }
                Some((Say::Refused(text), _)) => return Err(Error::Input(text)),
                Some((Say::Failed(text), _)) => return Err(Error::Node(text)),
                Some(_) => return Err(super::out_of_turn(0)),
                None => self.go_on("node 0 is there, but not all nodes have joined")?,
            }
        }
    }

    /// Connects to node 0 as soon as it is there.
    fn reach(&self) -> Result<Link, Error> {
        let address = self.place.address;
        loop {
            let targets = address.to_socket_addrs();
            let targets = targets.map_err(|e| Error::Node(format!("`{address}`: {e}")))?;
            for target in targets {
                let left = self.until.saturating_duration_since(Instant::now());
                let time = left.clamp(Duration::from_millis(1), HELLO);
                let reached = TcpStream::connect_timeout(&target, time);
                if let Some(link) = reached.ok().and_then(|stream| self.link(stream)) {
                    return Ok(link);
                }
            }
            self.go_on(&format!("node 0 was not reached at `{address}`"))?;
            std::thread::sleep(RETRY);
        }
    }

    /// Whether there is time left to wait.
    fn go_on(&self, what: &str) -> Result<(), Error> {
        if self.place.stop.load(Ordering::Relaxed) {
            let node = self.place.node;
            let text = format!("node {node} was interrupted while it waited for the others");
            return Err(Error::Node(text));
        }
        if Instant::now() >= self.until {
            let patience = seconds(self.place.patience);
            return Err(Error::Node(format!("{what} within {patience}")));
        }
        Ok(())
    }

    fn link(&self, stream: TcpStream) -> Option<Link> {
        Link::new(stream, self.place.pace, self.longest).ok()
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
