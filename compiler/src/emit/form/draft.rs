//! One instance as a body of statements: values that have a name or are read twice become statements, others stand where
//! they are read, and rounds of a loop that are alike become one.

use std::collections::{HashMap, HashSet};

use super::fields::{Held, held_fields};
use super::index::Index;
use super::lists::compress;
use super::merge::{bodies_like, merge_bodies};
use super::scene::{Scene, scalar};
use super::tree::{
    Argument, At, CallExpr, Candidate, Draft, Expr, Let, Loop, Name, OpExpr, Part, Parts, Slot,
    Stmt, Value,
};
use crate::bug::bug;
use crate::model::{Binding, InstanceId, Iteration, NodeId, Op};
use crate::primitives::written::{Code, Number};

/// A value that is computed in the instance itself.
pub(super) struct Item {
    /// The value.
    pub node: NodeId,
    /// The call that yields it; None for a primitive.
    pub call: Option<InstanceId>,
    /// Where in the order of the text it is computed.
    pub position: usize,
    pub iteration: Option<Iteration>,
    /// Where its tensors are.
    pub held: Option<Held>,
    uses: usize,
    /// Whether a statement computes it.
    stated: bool,
}

/// A name that the text gives a value.
#[derive(Clone, Debug)]
struct Given {
    name: Name,
    index: Option<usize>,
    /// Where its statement stands: it can be read after that.
    position: usize,
}

/// A list: where each element's statement stands, and whether it is a list in emitted source too.
#[derive(Clone, Debug, Default)]
struct List {
    positions: Vec<usize>,
    dynamic: bool,
}

pub(super) struct Builder<'a> {
    pub scene: &'a Scene<'a>,
    pub id: InstanceId,
    items: Vec<Item>,
    item_of: HashMap<NodeId, usize>,
    given: HashMap<NodeId, Vec<Given>>,
    lists: HashMap<Name, List>,
    unrolled: HashSet<usize>,
    temporary: HashMap<(String, Option<Iteration>), usize>,
}

/// Where an expression is read.
#[derive(Clone, Copy)]
pub(super) struct Place {
    position: usize,
    iteration: Option<Iteration>,
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
    fn new(scene: &'a Scene<'a>, id: InstanceId, unrolled: HashSet<usize>) -> Self {
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

    fn find_items(&mut self) {
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
    fn iteration_of(&self, mut owner: InstanceId, id: NodeId) -> Option<Iteration> {
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

    fn find_inputs(&mut self) {
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

    fn item(&self, at: usize) -> &Item {
        match self.items.get(at) {
            Some(item) => item,
            None => bug!("there is no item {at}"),
        }
    }

    /// What an item reads, in order.
    fn operands(&self, at: usize) -> Vec<NodeId> {
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

    fn draft(mut self) -> Result<Draft, usize> {
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
    fn computed(&mut self, result: NodeId) -> Result<(Vec<Stmt>, Option<Expr>), usize> {
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

    /// The statements of names that the text gives.
    fn bound(&mut self, result: NodeId) -> Vec<(usize, Option<Iteration>, Planned)> {
        let graph = self.scene.graph;
        let bindings = &graph[self.id].bindings;
        let whole = self.whole_lists(bindings);
        let mut lets: Vec<(usize, Option<Iteration>, Planned)> = vec![];
        let mut latest = 0;
        for binding in bindings {
            if !self.scene.is_read(binding.node) {
                continue;
            }
            let known = self.item_of.get(&binding.node).copied();
            let is_given = self.given.contains_key(&binding.node);
            if known.is_none() && !is_given {
                continue;
            }
            let own = known.map_or(0, |at| self.item(at).position);
            latest = latest.max(own);
            let iteration = binding
                .iteration
                .filter(|i| !self.unrolled.contains(&i.number));
            let name = Name::Local(binding.name.clone());
            if let Some(index) = binding.index {
                let list = self.lists.entry(name.clone()).or_default();
                while list.positions.len() <= index {
                    list.positions.push(latest);
                }
                list.dynamic |= iteration.is_some();
            }
            if let Some(split) = whole.get(&binding.name) {
                if let Some(list) = self.lists.get_mut(&name) {
                    list.dynamic = true;
                }
                if binding.index == Some(0) {
                    lets.push((own, None, Planned::Split(binding.name.clone(), *split)));
                }
            } else {
                let aliased = is_given || known.is_some_and(|at| self.item(at).stated);
                let only = known.filter(|at| {
                    let item = self.item(*at);
                    binding.index.is_none() && item.uses == 1 && binding.node == result
                        || self.never(item)
                });
                match (aliased, known) {
                    (true, _) if binding.index.is_none() => continue,
                    (false, Some(_)) if only.is_some() => continue,
                    (false, Some(_)) | (true, _) => {}
                    (false, None) => continue,
                }
                let planned = Planned::Named(binding.name.clone(), binding.index, binding.node);
                let position = if aliased { latest } else { own };
                lets.push((position, iteration, planned));
            }
            if let Some(item) = known.and_then(|at| self.items.get_mut(at)) {
                item.stated = true;
            }
            let given = Given {
                name,
                index: binding.index,
                position: latest,
            };
            self.given.entry(binding.node).or_default().push(given);
        }
        lets
    }

    /// Values without a name that are read more than once.
    fn temporaries(&mut self, lets: &mut Vec<(usize, Option<Iteration>, Planned)>) {
        let graph = self.scene.graph;
        for at in 0..self.items.len() {
            let item = self.item(at);
            if item.stated || item.uses < 2 || self.never(item) {
                continue;
            }
            let (position, iteration, node) = (item.position, item.iteration, item.node);
            let path = match item.call {
                Some(call) => graph[call].path.as_str(),
                None => graph[node].path.as_str(),
            };
            let words = words(
                path.strip_prefix(graph[self.id].path.as_str())
                    .unwrap_or(path),
            );
            let count = self
                .temporary
                .entry((words.clone(), iteration))
                .or_default();
            *count += 1;
            let name = match *count {
                1 => words,
                more => format!("{words}_{more}"),
            };
            lets.push((
                position,
                iteration,
                Planned::Named(name.clone(), None, node),
            ));
            if let Some(item) = self.items.get_mut(at) {
                item.stated = true;
            }
            let name = Name::Local(name);
            self.given.entry(node).or_default().push(Given {
                name,
                index: None,
                position,
            });
        }
    }

    /// Whether a value is always written where it is read.
    fn never(&self, item: &Item) -> bool {
        let node = &self.scene.graph[item.node];
        item.call.is_none() && (matches!(node.op, Op::Stored(_)) || scalar(node).is_some())
    }

    /// Lists that are all equal parts of one value, and how many parts.
    fn whole_lists(&self, bindings: &[Binding]) -> HashMap<String, (NodeId, usize)> {
        let graph = self.scene.graph;
        let mut lists: HashMap<&str, Vec<Option<NodeId>>> = HashMap::new();
        for binding in bindings {
            let own = self.item_of.contains_key(&binding.node) && binding.index.is_some();
            lists
                .entry(&binding.name)
                .or_default()
                .push(Some(binding.node).filter(|_| own));
        }
        let whole = lists.into_iter().filter_map(|(name, nodes)| {
            let nodes: Vec<NodeId> = nodes.into_iter().collect::<Option<_>>()?;
            let parts = nodes.iter().map(|id| match graph[*id].op {
                Op::Part(part) => Some((part, graph[*id].shape.channels)),
                _ => None,
            });
            let parts: Vec<_> = parts.collect::<Option<_>>()?;
            let (first, channels) = *parts.first()?;
            let mut starts = parts.iter().enumerate();
            let even = starts.all(|(i, (part, n))| {
                part.x == first.x && *n == channels && part.start == i * channels
            });
            let all = channels * parts.len() == graph[first.x].shape.channels;
            (even && all).then(|| (name.to_owned(), (first.x, parts.len())))
        });
        whole.collect()
    }

    fn statement(&mut self, planned: Planned, place: Place) -> Let {
        match planned {
            Planned::Split(name, (x, parts)) => {
                let slot = self.slot("parts", Value::Number(Number::Int(parts)), place);
                let operand = Part::One(self.expr(x, place, true));
                let op = OpExpr {
                    burn: crate::primitives::equal_parts_burn(),
                    torch: crate::primitives::equal_parts_torch(),
                    operands: Parts {
                        list: vec![operand],
                        seen: vec![],
                    },
                    numbers: vec![slot],
                    held: None,
                    optional: false,
                };
                Let {
                    name,
                    index: None,
                    whole: true,
                    expr: Expr::Op(Box::new(op)),
                }
            }
            Planned::Named(name, index, node) => {
                let local = Name::Local(name.clone());
                let index = index.map(|index| self.index(&local, index, place));
                let aliased = self.named_before(node, &local, place);
                let expr = self.expr(node, place, aliased);
                Let {
                    name,
                    index,
                    whole: false,
                    expr,
                }
            }
        }
    }

    /// Whether a value has another name before this one.
    fn named_before(&self, node: NodeId, name: &Name, place: Place) -> bool {
        let given = self.given.get(&node).map_or(&[][..], Vec::as_slice);
        let first = given.first();
        first.is_some_and(|first| first.name != *name && first.position <= place.position)
    }

    pub(super) fn slot(&self, hint: &str, value: Value, place: Place) -> Slot {
        Slot::new(hint, self.at(place.iteration), value)
    }

    pub(super) fn at(&self, iteration: Option<Iteration>) -> At {
        At {
            instance: self.id,
            round: iteration.map(|i| i.round),
        }
    }

    /// Where something stands.
    pub(super) fn at_place(&self, place: Place) -> At {
        self.at(place.iteration)
    }

    /// How many elements a list has at a place.
    fn length(&self, name: &Name, place: Place) -> usize {
        let positions = self.lists.get(name).map_or(&[][..], |list| &list.positions);
        match name {
            Name::Input(_) => positions.len(),
            Name::Local(_) => {
                let before = positions.iter().filter(|at| **at < place.position);
                before.count()
            }
        }
    }

    fn index(&self, list: &Name, index: usize, place: Place) -> Index {
        let positions = self.lists.get(list).map_or(&[][..], |list| &list.positions);
        let next = positions.get(index + 1);
        let latest = next.is_none_or(|next| *next >= place.position);
        Index::new(
            index,
            self.length(list, place),
            place.iteration.map(|i| i.round),
            latest,
        )
    }

    /// The names by which a value can be read at a place; without those given at this very place.
    fn candidates(&self, node: NodeId, place: Place) -> Vec<Candidate> {
        let given = self.given.get(&node).map_or(&[][..], Vec::as_slice);
        let before = given
            .iter()
            .enumerate()
            .filter(|(at, given)| *at == 0 || given.position < place.position);
        let candidates = before.map(|(_, given)| {
            let list = self.lists.get(&given.name);
            match given.index {
                Some(index) if list.is_some_and(|list| list.dynamic) => Candidate {
                    name: given.name.clone(),
                    index: Some(self.index(&given.name, index, place)),
                },
                Some(index) => Candidate {
                    name: Name::Local(element(&given.name, index)),
                    index: None,
                },
                None => Candidate {
                    name: given.name.clone(),
                    index: None,
                },
            }
        });
        candidates.collect()
    }

    /// A value at a place: by its name, or where `named` is false or it has none, what computes it.
    pub(super) fn expr(&mut self, node: NodeId, place: Place, named: bool) -> Expr {
        let at = self.item_of.get(&node).copied();
        let stated = at.is_none_or(|at| self.item(at).stated);
        if named && stated {
            let candidates = self.candidates(node, place);
            if candidates.is_empty() {
                bug!(
                    "`{}` is read where nothing names it",
                    self.scene.graph[node].path
                );
            }
            return Expr::Read(candidates);
        }
        let Some(at) = at else {
            bug!(
                "`{}` is read outside of what it belongs to",
                self.scene.graph[node].path
            )
        };
        match self.item(at).call {
            Some(call) => self.call(at, call, place),
            None => self.op(at, place),
        }
    }

    fn call(&mut self, at: usize, call: InstanceId, place: Place) -> Expr {
        let scene = self.scene;
        let placed = scene.placed(call);
        let structure = scene.structure(placed.structure);
        let field = self
            .item(at)
            .held
            .as_ref()
            .map(|held| held.used(place.iteration));
        let mut arguments = vec![];
        for input in &structure.inputs {
            let inputs = scene.graph[call].inputs.iter();
            let nodes: Vec<NodeId> = inputs
                .filter(|i| i.param == input.source)
                .map(|i| i.node)
                .collect();
            let argument = match (input.list, nodes.as_slice()) {
                (true, _) => Argument::List(self.parts(&nodes, place)),
                (false, [node]) => Argument::One(self.expr(*node, place, true)),
                _ => bug!(
                    "`{}` is called without `{}`",
                    scene.graph[call].path,
                    input.source
                ),
            };
            arguments.push(argument);
        }
        let numbers = match structure.is_function() {
            true => {
                let pairs = structure.parameters.iter().zip(&placed.values);
                pairs
                    .map(|(p, value)| self.slot(&p.name, *value, place))
                    .collect()
            }
            false => vec![],
        };
        Expr::Call(Box::new(CallExpr {
            structure: placed.structure,
            field,
            arguments,
            numbers,
        }))
    }

    fn op(&mut self, at: usize, place: Place) -> Expr {
        let graph = self.scene.graph;
        let item = self.item(at);
        let node = &graph[item.node];
        if let Some(number) = scalar(node) {
            return Expr::Number(self.slot("value", Value::Number(number), place));
        }
        let written = node.op.written();
        let numbers = written.numbers(graph, &node.shape);
        let missing = written.idle();
        let mut slots = vec![];
        for (hint, number) in numbers {
            let mut slot = self.slot(hint, Value::Number(number), place);
            slot.missing = missing.map(Value::Number);
            slots.push(slot);
        }
        let held = item.held.as_ref().map(|held| held.used(place.iteration));
        let (burn, torch, mut nodes) = (written.burn(graph), written.torch(), node.op.operands());
        // Numbers stand on the right.
        if let (Op::Add(_) | Op::Mul(_), [a, b]) = (&node.op, nodes.as_mut_slice())
            && scalar(&graph[*a]).is_some()
        {
            std::mem::swap(a, b);
        }
        let operands = match has(&burn, &Code::Operands) {
            true => self.parts(&nodes, place),
            false => {
                let operands = nodes.iter().map(|x| Part::One(self.expr(*x, place, true)));
                Parts {
                    list: operands.collect(),
                    seen: vec![],
                }
            }
        };
        Expr::Op(Box::new(OpExpr {
            burn,
            torch,
            operands,
            numbers: slots,
            held,
            optional: missing.is_some(),
        }))
    }

    fn parts(&mut self, nodes: &[NodeId], place: Place) -> Parts {
        let runs = compress(nodes, |node| {
            let given = self.given.get(&node).map_or(&[][..], Vec::as_slice);
            // Of the names that it has there.
            let before = given.iter().filter(|given| {
                matches!(given.name, Name::Input(_)) || given.position < place.position
            });
            let lists = before.filter_map(|given| {
                self.lists.get(&given.name).filter(|list| list.dynamic)?;
                Some((
                    given.name.clone(),
                    given.index?,
                    self.length(&given.name, place),
                ))
            });
            lists.collect()
        });
        let list = runs.into_iter().map(|run| run.part(self, place)).collect();
        let dynamic = self.lists.iter().filter(|(_, list)| list.dynamic);
        let lengths = dynamic.map(|(name, _)| (name.clone(), self.length(name, place)));
        let seen = vec![(self.at_place(place), lengths.collect())];
        Parts { list, seen }
    }

    /// Rounds of loops become one where they are alike.
    ///
    /// # Errors
    /// The loop whose rounds are not.
    fn roll(&self, stmts: Vec<(Option<Iteration>, Let)>) -> Result<Vec<Stmt>, usize> {
        let mut body: Vec<Stmt> = vec![];
        let mut rest = stmts.into_iter().peekable();
        while let Some((iteration, stmt)) = rest.next() {
            let Some(Iteration { number, .. }) = iteration else {
                body.push(Stmt::Let(self.outside(stmt)));
                continue;
            };
            let mut rounds: Vec<(usize, Vec<Stmt>)> = vec![];
            let mut next = Some((iteration, stmt));
            while let Some((Some(Iteration { round, .. }), stmt)) = next {
                match rounds.last_mut() {
                    Some((last, stmts)) if *last == round => stmts.push(Stmt::Let(stmt)),
                    _ => rounds.push((round, vec![Stmt::Let(stmt)])),
                }
                next = rest.next_if(|(i, _)| i.is_some_and(|i| i.number == number));
            }
            let count = self.scene.graph[self.id].loops.get(number).copied();
            let complete = rounds
                .iter()
                .enumerate()
                .all(|(at, (round, _))| at == *round);
            let again = body
                .iter()
                .any(|s| matches!(s, Stmt::Loop(l) if l.number == number));
            if count != Some(rounds.len()) || !complete || again {
                return Err(number);
            }
            let rounds = rounds.into_iter().map(|(_, stmts)| stmts).collect();
            let arms = arms(rounds).ok_or(number)?;
            let rounds = vec![(self.id, count.unwrap_or(0))];
            body.push(Stmt::Loop(Loop {
                number,
                rounds,
                arms,
            }));
        }
        Ok(body)
    }

    /// A statement outside of loops: elements of what is no list in emitted source have names of their own.
    fn outside(&self, mut stmt: Let) -> Let {
        let list = self.lists.get(&Name::Local(stmt.name.clone()));
        if let (
            Some(Index {
                fixed: Some(index), ..
            }),
            false,
        ) = (stmt.index, list.is_some_and(|list| list.dynamic))
        {
            stmt.name = element(&Name::Local(stmt.name), index);
            stmt.index = None;
        }
        stmt
    }
}

/// A statement before its expression is made.
enum Planned {
    /// Name, place in a list, value.
    Named(String, Option<usize>, NodeId),
    /// A list of so many equal parts of a value.
    Split(String, (NodeId, usize)),
}

/// The name of an element of what is no list in emitted source.
fn element(name: &Name, index: usize) -> String {
    let (Name::Input(name) | Name::Local(name)) = name;
    format!("{name}[{index}]")
}

/// The words of a path without its places in lists.
fn words(path: &str) -> String {
    let parts = path.split(['.', '[', ']']);
    let words =
        parts.filter(|part| !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit()));
    words.collect::<Vec<_>>().join("_")
}

/// Round i is like arm `i % arms.len()` of the shortest such list of at most three.
fn arms(rounds: Vec<Vec<Stmt>>) -> Option<Vec<Vec<Stmt>>> {
    let most = rounds.len().clamp(1, 3);
    'periods: for period in 1..=most {
        let mut arms: Vec<Vec<Stmt>> = rounds.iter().take(period).cloned().collect();
        for (round, body) in rounds.iter().enumerate().skip(period) {
            let Some(arm) = arms.get_mut(round % period) else {
                continue 'periods;
            };
            if !bodies_like(arm, body) {
                continue 'periods;
            }
            merge_bodies(arm, body.clone());
        }
        return Some(arms);
    }
    None
}

/// Whether a call has a place of this kind.
pub(super) fn has(code: &Code, wanted: &Code) -> bool {
    let mut found = code == wanted;
    code.each_inner(&mut |inner| found |= has(inner, wanted));
    found
}
