//! The changes of a variant and of `--set`, found by the path of what they change.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use rustc_hash::FxHashMap as HashMap;

use termc_grammar::ast::{Expr, Path, Place, Span, Step};

/// One change.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// The path as written.
    pub path: &'a Path,
    /// What happens there.
    pub action: Action<'a>,
    /// Whether the path led somewhere.
    pub used: Cell<bool>,
    /// Whether it holds somewhere below a name of the model, and somewhere else below a definition of this name.
    holds: [Cell<bool>; 2],
}

/// What a change does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action<'a> {
    /// Sets a value.
    Set(&'a Expr),
    /// Takes something away.
    Without,
    /// Adds a branch, a binding or a loss term; the last step of the path is its name.
    Add(&'a Expr, Option<&'a Place>),
}

/// A place in the trie that the part of the model being elaborated has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    node: usize,
    /// Whether the path starts at the model, not at a definition.
    absolute: bool,
}

/// A step of a path, as it is written.
type Key<'a> = (&'a str, Option<i64>);

#[derive(Debug, Default)]
struct Node<'a> {
    children: HashMap<Key<'a>, usize>,
    /// Changes of what the path leads to, by their number.
    here: Vec<usize>,
    /// Additions below it.
    additions: Vec<usize>,
    /// What there is at this place, for the help of a path that leads nowhere.
    offers: RefCell<BTreeSet<String>>,
    reached: Cell<bool>,
}

/// All changes of one compilation; later ones beat earlier ones.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    list: Vec<Change<'a>>,
    nodes: Vec<Node<'a>>,
}

impl<'a> Changes<'a> {
    /// Changes in the order in which they apply.
    pub fn new(list: Vec<(&'a Path, Action<'a>)>) -> Self {
        let mut changes = Self {
            list: vec![],
            nodes: vec![Node::default()],
        };
        for (path, action) in list {
            let number = changes.list.len();
            let mut steps: Vec<_> = path.steps.iter().collect();
            if matches!(action, Action::Add(..)) {
                steps.pop();
            }
            let mut at = 0;
            for step in steps {
                at = changes.child_or_new(at, key(step));
            }
            if let Some(node) = changes.nodes.get_mut(at) {
                match action {
                    Action::Add(..) => node.additions.push(number),
                    _ => node.here.push(number),
                }
            }
            changes.list.push(Change {
                path,
                action,
                used: Cell::new(false),
                holds: Default::default(),
            });
        }
        changes
    }

    fn child_or_new(&mut self, at: usize, key: Key<'a>) -> usize {
        let next = self.nodes.len();
        let child = match self.nodes.get_mut(at) {
            Some(node) => *node.children.entry(key).or_insert(next),
            None => next,
        };
        if child == next {
            self.nodes.push(Node::default());
        }
        child
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The place of the model itself.
    pub fn root(&self) -> Vec<Position> {
        match self.list.is_empty() {
            true => vec![],
            false => vec![Position {
                node: 0,
                absolute: true,
            }],
        }
    }

    /// The place of a definition, if a path starts there.
    pub fn definition(&self, name: &str) -> Option<Position> {
        let root = self.nodes.first()?;
        let node = *root.children.get(&(name, None))?;
        Some(Position {
            node,
            absolute: false,
        })
    }

    /// One step down.
    pub fn step(&self, from: &[Position], name: &str, index: Option<i64>) -> Vec<Position> {
        if from.is_empty() {
            return vec![];
        }
        let key = (name, index);
        let nodes = from.iter().filter_map(|position| {
            let node = *self.nodes.get(position.node)?.children.get(&key)?;
            Some(Position { node, ..*position })
        });
        let found: Vec<Position> = nodes.collect();
        for position in &found {
            if let Some(node) = self.nodes.get(position.node) {
                node.reached.set(true);
            }
        }
        found
    }

    /// The names below these places that a path goes on with.
    pub fn below(&self, at: &[Position]) -> Vec<Key<'a>> {
        let nodes = at.iter().filter_map(|p| self.nodes.get(p.node));
        let mut names: Vec<_> = nodes.flat_map(|n| n.children.keys().copied()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The value that is set here: that of the model's path before that of a definition, then the last.
    pub fn set(&self, at: &[Position]) -> Option<(&'a Expr, Span)> {
        self.strongest(at, |change| match change.action {
            Action::Set(value) => Some((value, change.path.span)),
            _ => None,
        })
    }

    /// Whether what is here is taken away.
    pub fn without(&self, at: &[Position]) -> bool {
        let taken = self.strongest(at, |change| {
            matches!(change.action, Action::Without).then_some(())
        });
        taken.is_some()
    }

    /// The strongest of the changes here that are of a kind. All of them led somewhere.
    fn strongest<T>(
        &self,
        at: &[Position],
        of_kind: impl Fn(&Change<'a>) -> Option<T>,
    ) -> Option<T> {
        let found = self.here(at).filter_map(|(rank, change)| {
            let value = of_kind(change)?;
            change.used.set(true);
            Some((rank, change, value))
        });
        let ((absolute, _), change, value) = found.max_by_key(|(rank, ..)| *rank)?;
        let [model, definition] = &change.holds;
        match absolute {
            true => model.set(true),
            false => definition.set(true),
        }
        Some(value)
    }

    fn here<'b>(
        &'b self,
        at: &'b [Position],
    ) -> impl Iterator<Item = ((bool, usize), &'b Change<'a>)> {
        at.iter().flat_map(move |position| {
            let numbers = self.nodes.get(position.node).map(|n| n.here.as_slice());
            let numbers = numbers.unwrap_or_default().iter();
            numbers.filter_map(move |number| {
                let change = self.list.get(*number)?;
                Some(((position.absolute, *number), change))
            })
        })
    }

    /// What is added below these places, in order.
    pub fn additions<'b>(&'b self, at: &'b [Position]) -> impl Iterator<Item = &'b Change<'a>> {
        let nodes = at.iter().filter_map(|p| self.nodes.get(p.node));
        let numbers = nodes.flat_map(|n| n.additions.iter());
        numbers.filter_map(|number| self.list.get(*number))
    }

    /// Notes that the change with this path led somewhere.
    pub fn mark(&self, path: &Path) {
        for change in self
            .list
            .iter()
            .filter(|change| std::ptr::eq(change.path, path))
        {
            change.used.set(true);
        }
    }

    /// Remembers what there is at these places, in case a path goes wrong there.
    pub fn offer<S: AsRef<str>>(&self, at: &[Position], names: impl Iterator<Item = S> + Clone) {
        for node in at.iter().filter_map(|p| self.nodes.get(p.node)) {
            node.reached.set(true);
            let mut offers = node.offers.borrow_mut();
            for name in names.clone() {
                if !offers.contains(name.as_ref()) {
                    offers.insert(name.as_ref().to_owned());
                }
            }
        }
    }

    /// The changes whose paths mean two things: a name of the model, and a definition.
    pub fn ambiguous(&self) -> impl Iterator<Item = &Change<'a>> {
        let both = |change: &&Change<'_>| change.holds.iter().all(Cell::get);
        self.list.iter().filter(both)
    }

    /// The changes whose paths led nowhere: the change, how many of its steps led somewhere, and what there was there.
    pub fn unused(&self) -> Vec<(&Change<'a>, usize, Vec<String>)> {
        let unused = self.list.iter().filter(|change| !change.used.get());
        let found = unused.map(|change| {
            let (mut at, mut depth) = (0, 0);
            for step in &change.path.steps {
                let child = self.nodes.get(at);
                let child = child.and_then(|node| node.children.get(&key(step)));
                match child {
                    Some(child) if self.nodes.get(*child).is_some_and(|n| n.reached.get()) => {
                        at = *child;
                        depth += 1;
                    }
                    _ => break,
                }
            }
            let offers = self
                .nodes
                .get(at)
                .map(|n| n.offers.borrow().iter().cloned().collect());
            (change, depth, offers.unwrap_or_default())
        });
        found.collect()
    }
}

fn key(step: &Step) -> Key<'_> {
    (step.name.text.as_str(), step.index.map(|(index, _)| index))
}

/// A path as an expression, as it stands left of `=`.
pub(crate) fn path_expr(path: &Path) -> Expr {
    use termc_grammar::ast::{ExprKind, UnaryOp};
    let expr = |kind| Expr {
        kind,
        span: path.span,
    };
    let mut all: Option<Expr> = None;
    for step in &path.steps {
        let named = match all.take() {
            None => expr(ExprKind::Name(step.name.text.clone())),
            Some(value) => expr(ExprKind::Field {
                value: Box::new(value),
                name: step.name.clone(),
            }),
        };
        all = Some(match step.index {
            None => named,
            Some((index, _)) => {
                let number = expr(ExprKind::Int(index.saturating_abs()));
                let index = match index < 0 {
                    true => expr(ExprKind::Unary {
                        op: UnaryOp::Neg,
                        value: Box::new(number),
                    }),
                    false => number,
                };
                expr(ExprKind::Index {
                    value: Box::new(named),
                    index: Box::new(index),
                })
            }
        });
    }
    all.unwrap_or_else(|| crate::bug::bug!("a path without steps"))
}
