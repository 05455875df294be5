//! A training on several machines: who is there, how a step's gradients are added and decisions are shared among all
//! nodes, how they are compared, how they part. Node 0 hears everybody, adds in the order of the nodes' numbers and
//! tells everybody; it knows no devices and no files.
//!
//! Within a node Burn's all-reduce adds. Between nodes Burn 0.21's cannot be used: its barrier after an all-reduce clears
//! a copy of the list of who has come, so that the second one waits for ever (`burn-collective`, `global/node/sync.rs`),
//! and the loss of a node is a panic in it.

mod agreement;
mod flaw;
mod join;
mod link;
#[cfg(test)]
pub mod tests;

use serde::{Deserialize, Serialize};

pub use agreement::Agreement;
pub use flaw::Flaw;
pub use join::Rendezvous;
pub use link::Pace;

use super::replica::Seen;
use super::stopping::Wish;
use crate::Error;
use link::Link;

/// A node as it introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its devices, in words.
    pub device: String,
    /// How many these are.
    pub devices: usize,
}

/// All nodes of a training, seen from one of them. Whoever drops it before the end tells the others so.
pub struct Nodes {
    node: usize,
    members: Vec<Member>,
    /// On node 0 to every other one, in order; on the others to node 0.
    links: Vec<(usize, Link)>,
    parted: bool,
}

/// What a node has to say about its part of a step, besides the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The step, from 0.
    pub step: usize,
    /// What was seen of each share, or what was not finite.
    pub seen: Result<Vec<Seen>, Flaw>,
    /// What it wishes to follow the step.
    pub wish: Wish,
}

/// All that is said, but for bodies.
#[derive(Serialize, Deserialize)]
enum Say {
    /// To node 0, first of all.
    Hello {
        node: usize,
        nodes: usize,
        member: Member,
        agreement: Agreement,
    },
    /// Everybody is there; here is who.
    Welcome(Vec<Member>),
    /// Nodes that do not fit together do not train.
    Refused(String),
    /// A node's part of a step; its gradient is the body, if there is one.
    Part(Report),
    /// The step of all nodes; the sum of the gradients is the body.
    Whole(Report),
    /// What a node's weights are after so many steps.
    Weights { step: usize, digest: String },
    /// They are the same everywhere.
    Same,
    /// The training has come to its end, or to a stop.
    Over,
    /// It has failed, and why.
    Failed(String),
}

impl Nodes {
    /// This node's number.
    pub fn node(&self) -> usize {
        self.node
    }

    /// How many nodes there are.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// How many devices all of them have together.
    pub fn devices(&self) -> usize {
        self.members.iter().map(|member| member.devices).sum()
    }

    /// The place of this node's first device among all devices.
    pub fn first_device(&self) -> usize {
        let before = self.members.iter().take(self.node);
        before.map(|member| member.devices).sum()
    }

    /// All devices in words: `2 nodes: cpu; cpu`.
    pub fn describe(&self) -> String {
        let devices: Vec<&str> = self.members.iter().map(|m| m.device.as_str()).collect();
        format!("{} nodes: {}", devices.len(), devices.join("; "))
    }

    /// Adds the gradients of all nodes, always in the same order, and settles what follows the step; all nodes get the
    /// same answer. Every node must call it: it waits for them all. The gradient of a node that reports something not
    /// finite is not asked for.
    ///
    /// # Errors
    /// Which node was lost or has failed.
    pub fn add(&self, report: Report, gradient: Vec<f32>) -> Result<(Report, Vec<f32>), Error> {
        if self.node != 0 {
            let body = bytes(&gradient);
            self.tell(&Say::Part(report), &body)?;
            return match self.hear_all()?.pop() {
                Some((_, Say::Whole(whole), sum)) => Ok((whole, floats(&sum)?)),
                _ => Err(out_of_turn(0)),
            };
        }
        let (step, length) = (report.step, gradient.len());
        let (mut whole, mut sum) = (report, gradient);
        for (node, said, body) in self.hear_all()? {
            let Say::Part(part) = said else {
                return Err(out_of_turn(node));
            };
            let summed = whole.seen.is_ok() && part.seen.is_ok();
            if part.step != step || summed && body.len() != 4 * length {
                return Err(out_of_turn(node));
            }
            whole.wish.stop = whole.wish.stop.or(part.wish.stop);
            match (&mut whole.seen, part.seen) {
                (Ok(seen), Ok(more)) => {
                    seen.extend(more);
                    let theirs = floats(&body)?;
                    sum.iter_mut()
                        .zip(theirs)
                        .for_each(|(sum, theirs)| *sum += theirs);
                }
                (Ok(_), Err(flaw)) => whole.seen = Err(flaw),
                (Err(_), _) => {}
            }
        }
        if whole.seen.is_err() {
            sum.clear();
        }
        let answer = Say::Whole(whole);
        self.tell(&answer, &bytes(&sum))?;
        match answer {
            Say::Whole(whole) => Ok((whole, sum)),
            _ => Err(out_of_turn(0)),
        }
    }

    /// Requires all nodes to have the same weights after `step` steps. Every node must call it.
    ///
    /// # Errors
    /// Which node differs, was lost or has failed.
    pub fn compare(&self, step: usize, digest: &[u8]) -> Result<(), Error> {
        let own: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        if self.node != 0 {
            self.tell(&Say::Weights { step, digest: own }, &[])?;
            return match self.hear_all()?.pop() {
                Some((_, Say::Same, _)) => Ok(()),
                _ => Err(out_of_turn(0)),
            };
        }
        for (node, said, _) in self.hear_all()? {
            match said {
                Say::Weights {
                    step: theirs,
                    digest,
                } if theirs == step => {
                    if digest != own {
                        return Err(Error::Node(format!(
                            "the weights on node {node} differ from those on node 0 after step {step}"
                        )));
                    }
                }
                _ => return Err(out_of_turn(node)),
            }
        }
        self.tell(&Say::Same, &[])
    }

    /// Ends the work together: node 0 says that it is over, the others wait for that.
    ///
    /// # Errors
    /// If node 0 was lost or has failed in the meantime.
    pub fn part(&mut self) -> Result<(), Error> {
        if self.node == 0 {
            // Whoever is gone needs it no more.
            let _ = self.tell(&Say::Over, &[]);
            self.parted = true;
            return Ok(());
        }
        match self.hear_all()?.pop() {
            Some((_, Say::Over, _)) => {
                self.parted = true;
                Ok(())
            }
            _ => Err(out_of_turn(0)),
        }
    }

    /// Tells the others why this node goes no further.
    pub fn fail(&mut self, error: &Error) {
        let text = match error {
            // Names a node already.
            Error::Node(text) => text.clone(),
            error => format!("node {} has failed: {error}", self.node),
        };
        self.end(text);
    }

    fn end(&mut self, text: String) {
        if !std::mem::replace(&mut self.parted, true) {
            let say = Say::Failed(text);
            for (_, link) in &self.links {
                // Whoever is gone needs it no more.
                let _ = link.send(&say, &[]);
            }
        }
    }

    /// Says the same to all links.
    fn tell(&self, say: &Say, body: &[u8]) -> Result<(), Error> {
        for (node, link) in &self.links {
            if let Err(why) = link.send(say, body) {
                // If it said why before it went, that tells more.
                return match link.receive_within::<Say>(std::time::Duration::ZERO) {
                    Ok(Some((Say::Failed(text), _))) => Err(Error::Node(text)),
                    _ => Err(lost(*node, &why)),
                };
            }
        }
        Ok(())
    }

    /// What each link says next, in order.
    fn hear_all(&self) -> Result<Vec<(usize, Say, Vec<u8>)>, Error> {
        let hear = |(node, link): &(usize, Link)| match link.receive::<Say>() {
            Ok((Say::Failed(text), _)) => Err(Error::Node(text)),
            Ok((say, body)) => Ok((*node, say, body)),
            Err(why) => Err(lost(*node, &why)),
        };
        self.links.iter().map(hear).collect()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.end(format!(
            "node {} has ended before the training did",
            self.node
        ));
    }
}

fn lost(node: usize, why: &str) -> Error {
    Error::Node(format!("node {node} was lost: {why}"))
}

fn out_of_turn(node: usize) -> Error {
    Error::Node(format!(
        "node {node} does not go the same way: it said something else than was its turn"
    ))
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let (words, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Error::Node("a gradient came in pieces".into()));
    }
    Ok(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}
