//! One instance as a body of statements: values that have a name or are read twice become statements, others stand where
//! they are read, and rounds of a loop that are alike become one.

use std::collections::{HashMap, HashSet};

use super::fields::{Item, held_fields};
use super::scene::Scene;
use super::tree::{Draft, Expr, Name, Stmt};
use crate::bug::bug;
use crate::model::{InstanceId, Iteration, NodeId, Op};

/// A name that the text gives a value.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: Name,
    pub(super) index: Option<usize>,
    /// Where its statement stands: it can be read after that.
    pub(super) position: usize,
}

/// A list: where each element's statement stands, and whether it is a list in emitted source too.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    pub(super) positions: Vec<usize>,
    pub(super) dynamic: bool,
}

pub(super) struct Builder<'a> {
    pub scene: &'a Scene<'a>,
    pub id: InstanceId,
    pub(super) items: Vec<Item>,
    pub(super) item_of: HashMap<NodeId, usize>,
    pub(super) given: HashMap<NodeId, Vec<Given>>,
    pub(super) lists: HashMap<Name, List>,
    pub(super) unrolled: HashSet<usize>,
    pub(super) temporary: HashMap<(String, Option<Iteration>), usize>,
}

/// Where an expression is read.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) position: usize,
    pub(super) iteration: Option<Iteration>,
}

/// Drafts an instance.
pub(super) fn draft(scene: &Scene<'_>, id: InstanceId) -> Draft {
    let mut unrolled = HashSet::new();
    loop {
        match Builder::new(scene, id, unrolled.clone()).draft() {
            Ok(draft) => return draft,
            // The rounds of this loop are not alike: they stand one after the other.
            Err(number) => unrolled.insert(number),
        };
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, id: InstanceId, unrolled: HashSet<usize>) -> Self {
        let mut builder = Self {
            scene,
            id,
            items: vec![],
            item_of: HashMap::new(),
            given: HashMap::new(),
            lists: HashMap::new(),
            unrolled,
            temporary: HashMap::new(),
        };
        builder.find_items();
        builder.find_inputs();
        builder
    }

    pub(super) fn find_items(&mut self) {
        let graph = self.scene.graph;
        let nodes = self.scene.nodes(self.id).iter();
        let nodes = nodes.filter(|id| !matches!(graph[**id].op, Op::Input(_)));
        let own = nodes.map(|id| {
            (
                *id,
                None,
                id.index(),
                self.iteration_of(graph[*id].instance, *id),
            )
        });
        let calls = self.scene.children(self.id).iter().map(|id| {
            let call = &graph[*id];
            (
                call.result,
                Some(*id),
                call.end.saturating_sub(1),
                call.iteration,
            )
        });
        let mut items: Vec<Item> = own
            .chain(calls)
            .map(|(node, call, position, iteration)| Item {
                node,
                call,
                position,
                iteration: iteration.filter(|i| !self.unrolled.contains(&i.number)),
                held: None,
                uses: 0,
                stated: false,
            })
            .collect();
        items.sort_by_key(|item| item.position);
        self.item_of = items
            .iter()
            .enumerate()
            .map(|(at, item)| (item.node, at))
            .collect();
        self.items = items;
    }

    /// The loop of this instance's text that a node stands in, which may be in an instance below that is left out.
    pub(super) fn iteration_of(&self, mut owner: InstanceId, id: NodeId) -> Option<Iteration> {
        let graph = self.scene.graph;
        if owner == self.id {
            return graph[id].iteration;
        }
        while let Some(parent) = graph[owner].parent {
            if parent == self.id {
                return graph[owner].iteration;
            }
            owner = parent;
        }
        None
    }

    pub(super) fn find_inputs(&mut self) {
        let graph = self.scene.graph;
        for input in &graph[self.id].inputs {
            let name = Name::Input(input.param.clone());
            if input.index.is_some() {
                let list = self.lists.entry(name.clone()).or_default();
                list.positions.push(0);
                list.dynamic = true;
            }
            let given = Given {
                name,
                index: input.index,
                position: 0,
            };
            self.given.entry(input.node).or_default().push(given);
        }
        if graph[self.id].parent.is_none() {
            let inputs = graph
                .node_ids()
                .filter(|id| matches!(graph[*id].op, Op::Input(_)));
            for id in inputs {
                let given = self.given.entry(id).or_default();
                if given.is_empty() {
                    given.push(Given {
                        name: Name::Input(graph.input_name.clone()),
                        index: None,
                        position: 0,
                    });
                }
            }
        }
    }

    pub(super) fn item(&self, at: usize) -> &Item {
        match self.items.get(at) {
            Some(item) => item,
            None => bug!("there is no item {at}"),
        }
    }

    /// What an item reads, in order.
    pub(super) fn operands(&self, at: usize) -> Vec<NodeId> {
        let graph = self.scene.graph;
        let item = self.item(at);
        let Some(call) = item.call else {
            return graph[item.node].op.operands();
        };
        let structure = self.scene.structure(self.scene.placed(call).structure);
        let read = |param: &str| structure.inputs.iter().any(|input| input.source == param);
        let inputs = graph[call].inputs.iter().filter(|input| read(&input.param));
        inputs.map(|input| input.node).collect()
    }

    pub(super) fn draft(mut self) -> Result<Draft, usize> {
        let graph = self.scene.graph;
        let result = graph[self.id].result;
        let fields = held_fields(&mut self.items, self.scene, self.id);
        let read = (0..self.items.len()).filter(|at| self.scene.is_read(self.item(*at).node));
        let reads: Vec<NodeId> = read.flat_map(|at| self.operands(at)).collect();
        for node in reads.into_iter().chain([result]) {
            if let Some(item) = self
                .item_of
                .get(&node)
                .and_then(|at| self.items.get_mut(*at))
            {
                item.uses += 1;
            }
        }
        let (body, result) = match self.scene.is_read(result) {
            true => self.computed(result)?,
            false => (vec![], None),
        };
        let inputs = graph[self.id].inputs.iter();
        let mut names: Vec<(String, bool)> = vec![];
        for input in inputs {
            let input = (input.param.clone(), input.index.is_some());
            if !names.contains(&input) {
                names.push(input);
            }
        }
        if names.is_empty() && graph[self.id].parent.is_none() {
            names.push((graph.input_name.clone(), false));
        }
        Ok(Draft {
            instances: vec![self.id],
            inputs: names,
            fields,
            body,
            result,
        })
    }

    /// The statements, and what the instance yields.
    pub(super) fn computed(&mut self, result: NodeId) -> Result<(Vec<Stmt>, Option<Expr>), usize> {
        let mut lets = self.bound(result);
        self.temporaries(&mut lets);
        lets.sort_by_key(|(position, ..)| *position);
        let mut stmts = vec![];
        for (position, iteration, planned) in lets {
            let place = Place {
                position,
                iteration,
            };
            stmts.push((iteration, self.statement(planned, place)));
        }
        let end = Place {
            position: self.scene.graph[self.id].end,
            iteration: None,
        };
        let result = self.expr(result, end, true);
        Ok((self.roll(stmts)?, Some(result)))
    }
}

/// The name of an element of what is no list in emitted source.
pub(super) fn element(name: &Name, index: usize) -> String {
    let (Name::Input(name) | Name::Local(name)) = name;
    format!("{name}[{index}]")
}
