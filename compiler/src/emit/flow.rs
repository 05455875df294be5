//! What is read for the last time: seen in one pass over a body, known in the next.

use std::collections::HashMap;

use super::target::Use;

/// What happens to a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It begins.
    Made,
    /// It gets another value.
    Set,
    /// Its value is used and may be taken.
    Read,
    /// Its value is looked at.
    Seen,
}

/// Something that happens to a variable, in a loop or outside of loops.
#[derive(Clone, Debug)]
pub(super) struct Event {
    name: String,
    what: What,
    place: Option<usize>,
    /// Which of the arms of a loop's body.
    arm: usize,
}

/// The events of a body in order.
#[derive(Debug, Default)]
pub(super) struct Flow {
    events: Vec<Event>,
    /// By event, once known.
    last: Vec<bool>,
    decided: bool,
    at: usize,
    loops: usize,
    place: Option<usize>,
    arm: usize,
}

impl Flow {
    /// Something happens.
    pub fn see(&mut self, name: &str, what: What) {
        if !self.decided {
            self.events.push(Event {
                name: name.to_owned(),
                what,
                place: self.place,
                arm: self.arm,
            });
        }
        self.at += 1;
    }

    /// A variable is read, and its value may be `taken` or is only looked at.
    pub fn read(&mut self, name: &str, taken: bool) -> Use {
        let last = self.last.get(self.at).copied().unwrap_or(false);
        self.see(name, if taken { What::Read } else { What::Seen });
        if last { Use::Last } else { Use::Again }
    }

    /// A loop begins.
    pub fn enter(&mut self) {
        self.loops += 1;
        self.place = Some(self.loops);
    }

    /// The next arm of the loop's body begins: a round runs one of them.
    pub fn next_arm(&mut self) {
        self.arm += 1;
    }

    /// The loop ends.
    pub fn leave(&mut self) {
        self.place = None;
        self.arm = 0;
    }

    /// All has been seen: from now on reads are told whether they are the last.
    pub fn decide(&mut self) {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, event) in self.events.iter().enumerate() {
            by_name.entry(&event.name).or_default().push(at);
        }
        let mut last = vec![false; self.events.len()];
        for places in by_name.values() {
            let events: Vec<&Event> = places
                .iter()
                .filter_map(|at| self.events.get(*at))
                .collect();
            for (order, at) in places.iter().enumerate() {
                if let Some(last) = last.get_mut(*at) {
                    *last = is_last(&events, order);
                }
            }
        }
        self.last = last;
        self.decided = true;
        self.at = 0;
        self.loops = 0;
    }
}

/// Whether nothing needs the value of a variable after one of its events.
fn is_last(events: &[&Event], at: usize) -> bool {
    let Some(event) = events.get(at).filter(|event| event.what == What::Read) else {
        return false;
    };
    let before = events.get(..at).unwrap_or_default();
    let made = before.iter().rev().find(|e| e.what == What::Made);
    let mut after = events.iter().skip(at + 1);
    let next = after.find(|other| other.place != event.place || other.arm == event.arm);
    let same_place = made.is_some_and(|made| made.place == event.place);
    match next {
        None => same_place,
        Some(next) if next.what == What::Made => same_place,
        Some(next) => next.what == What::Set && next.place == event.place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_read_takes_the_value() {
        let mut flow = Flow::default();
        let pass = |flow: &mut Flow| {
            flow.see("x", What::Made);
            let first = flow.read("x", true);
            let second = flow.read("x", true);
            (first, second)
        };
        pass(&mut flow);
        flow.decide();
        assert_eq!(pass(&mut flow), (Use::Again, Use::Last));
    }

    #[test]
    fn a_round_takes_only_what_it_made_or_sets_anew() {
        let mut flow = Flow::default();
        let pass = |flow: &mut Flow| {
            flow.see("x", What::Made);
            flow.see("h", What::Made);
            flow.enter();
            let outer = flow.read("x", true);
            let set = flow.read("h", true);
            flow.see("h", What::Set);
            flow.leave();
            (outer, set)
        };
        pass(&mut flow);
        flow.decide();
        assert_eq!(pass(&mut flow), (Use::Again, Use::Last));
    }
}
