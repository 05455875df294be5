//! Python's pickle format, all protocols, as far as PyTorch checkpoints and CIFAR's Python version use it, read as data: no
//! class is ever made or called. One machine over one list of opcodes, which is why it is long.

mod text;

/// Position of a [`Value`] in a [`Pickle`].
pub type Ref = usize;

/// One Python object.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An integer of at most 64 bits, or a boolean, which Python counts among them.
    Int(i64),
    /// A text, or bytes of Python 2 that are UTF-8.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A tuple or list.
    Sequence(Vec<Ref>),
    /// A dict, or any object that entries were put into.
    Dict(Vec<(Ref, Ref)>),
    /// `module.name`
    Global(String),
    /// What a callable would have made of its arguments.
    Call {
        /// The callable, usually a [`Value::Global`].
        callable: Ref,
        /// Its arguments, a [`Value::Sequence`].
        args: Ref,
        /// What the result's state would have been set to.
        state: Option<Ref>,
    },
    /// A persistent id: in checkpoints a storage.
    Persistent(Ref),
    /// Anything else: None, floats, sets.
    Other,
}

/// All objects of a pickle and which one is the result.
#[derive(Clone, Debug)]
pub struct Pickle {
    values: Vec<Value>,
    /// The result.
    pub root: Ref,
}

/// Most objects of one pickle: each takes some 50 bytes of memory, and one byte of a file can stand for one.
const MOST_OBJECTS: usize = 1_000_000;

impl Pickle {
    /// Reads a pickle. The error ends a sentence that starts with the file's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        Self::parse_first(bytes).map(|(pickle, _)| pickle)
    }

    /// Reads the pickle at the beginning of `bytes`, and gives what follows it.
    pub fn parse_first(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let mut machine = Machine {
            input: bytes,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Vec::new(),
        };
        loop {
            if let Some(root) = machine.step()? {
                let Machine { input, values, .. } = machine;
                return Ok((Self { values, root }, input));
            }
            let waiting = machine.stack.len() + machine.marks.len() + machine.memo.len();
            if machine.values.len().max(waiting) > MOST_OBJECTS {
                return Err(format!(
                    "holds a pickle of more than {MOST_OBJECTS} objects"
                ));
            }
        }
    }

    /// All positions.
    pub fn all(&self) -> impl Iterator<Item = Ref> {
        0..self.values.len()
    }

    /// The object at a position; [`Value::Other`] where there is none.
    pub fn get(&self, at: Ref) -> &Value {
        self.values.get(at).unwrap_or(&Value::Other)
    }

    /// A text, bytes that are UTF-8, or the name of a global.
    pub fn text(&self, at: Ref) -> Option<&str> {
        match self.get(at) {
            Value::Text(text) | Value::Global(text) => Some(text),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Bytes; those of Python 2 may look like text.
    pub fn bytes(&self, at: Ref) -> Option<&[u8]> {
        match self.get(at) {
            Value::Bytes(bytes) => Some(bytes),
            Value::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// An integer that is not negative.
    pub fn int(&self, at: Ref) -> Option<usize> {
        match self.get(at) {
            Value::Int(int) => usize::try_from(*int).ok(),
            _ => None,
        }
    }

    /// The items of a tuple or list.
    pub fn sequence(&self, at: Ref) -> Option<&[Ref]> {
        match self.get(at) {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a dict whose keys are texts.
    pub fn entries(&self, at: Ref) -> impl Iterator<Item = (&str, Ref)> {
        let entries = match self.get(at) {
            Value::Dict(entries) => entries.as_slice(),
            _ => &[],
        };
        entries
            .iter()
            .filter_map(|(key, value)| Some((self.text(*key)?, *value)))
    }
}

/// The stack machine that pickles are programs for.
struct Machine<'a> {
    input: &'a [u8],
    values: Vec<Value>,
    stack: Vec<Ref>,
    marks: Vec<usize>,
    memo: Vec<(u64, Ref)>,
}

impl<'a> Machine<'a> {
    /// Executes one instruction; yields the result at the end.
    fn step(&mut self) -> Result<Option<Ref>, String> {
        match self.byte()? {
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.since_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.push(Value::Other),
            0x88 => self.push(Value::Int(1)),
            0x89 => self.push(Value::Int(0)),
            b'J' => {
                let bytes = self.take(4)?.try_into().unwrap_or_default();
                self.push(Value::Int(i64::from(i32::from_le_bytes(bytes))));
            }
            b'K' => self.unsigned(1)?,
            b'M' => self.unsigned(2)?,
            0x8a => {
                let len = self.number(1)?;
                self.long(len)?;
            }
            0x8b => {
                let len = self.number(4)?;
                self.long(len)?;
            }
            b'G' => self.skip(8)?,
            b'X' => self.string(4)?,
            0x8c => self.string(1)?,
            0x8d => self.string(8)?,
            b'T' => self.string_or_bytes(4)?,
            b'U' => self.string_or_bytes(1)?,
            b'B' => self.bytes(4)?,
            b'C' => self.bytes(1)?,
            0x8e | 0x96 => self.bytes(8)?,
            b')' | b']' => self.push(Value::Sequence(vec![])),
            b't' | b'l' => {
                let items = self.since_mark()?;
                self.push(Value::Sequence(items));
            }
            count @ 0x85..=0x87 => {
                let count = usize::from(count - 0x84);
                let start = self.stack.len().checked_sub(count).ok_or_else(short)?;
                let items = self.stack.split_off(start);
                self.push(Value::Sequence(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            b'}' => self.push(Value::Dict(vec![])),
            b'd' => {
                let items = self.since_mark()?;
                self.push(Value::Dict(pairs(&items)));
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(vec![(key, value)])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.insert(pairs(&items))?;
            }
            0x8f => self.push(Value::Other),
            0x90 => drop(self.since_mark()?),
            0x91 => {
                self.since_mark()?;
                self.push(Value::Other);
            }
            b'c' => self.global()?,
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let [module, name] = [module, name].map(|at| match self.values.get(at) {
                    Some(Value::Text(text)) => text.clone(),
                    _ => String::new(),
                });
                self.push(Value::Global(format!("{module}.{name}")));
            }
            b'R' | 0x81 => self.call()?,
            0x92 => {
                self.pop()?;
                self.call()?;
            }
            b'b' => self.build()?,
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id));
            }
            b'q' => self.remember(1)?,
            b'r' => self.remember(4)?,
            0x94 => {
                let top = self.top()?;
                self.memo.push((self.memo.len() as u64, top));
            }
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'I' | b'L' => self.decimal()?,
            b'F' => self.skip_line()?,
            b'S' => self.quoted()?,
            b'V' => self.escaped()?,
            b'P' => self.persistent_text()?,
            b'p' => self.remember_text()?,
            b'g' => self.recall_text()?,
            b'i' => self.instance()?,
            b'o' => self.object()?,
            // Buffers that travel beside the pickle are not in the file.
            0x97 => self.push(Value::Other),
            0x98 => {}
            other => {
                return Err(format!(
                    "uses pickle instruction {other:#04x}, which is not supported"
                ));
            }
        }
        Ok(None)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Ref, String> {
        self.stack.pop().ok_or_else(short)
    }

    fn top(&self) -> Result<Ref, String> {
        self.stack.last().copied().ok_or_else(short)
    }

    fn since_mark(&mut self) -> Result<Vec<Ref>, String> {
        let mark = self.marks.pop().ok_or_else(short)?;
        if mark > self.stack.len() {
            return Err(short());
        }
        Ok(self.stack.split_off(mark))
    }

    fn append(&mut self, items: Vec<Ref>) -> Result<(), String> {
        let list = self.top()?;
        if let Some(Value::Sequence(list)) = self.values.get_mut(list) {
            list.extend(items);
        }
        Ok(())
    }

    /// Puts entries into a dict; an object that gets entries becomes one.
    fn insert(&mut self, entries: Vec<(Ref, Ref)>) -> Result<(), String> {
        let top = self.top()?;
        match self.values.get_mut(top) {
            Some(Value::Dict(dict)) => dict.extend(entries),
            Some(other) => *other = Value::Dict(entries),
            None => {}
        }
        Ok(())
    }

    /// `module.name`, a line each.
    fn global(&mut self) -> Result<(), String> {
        let (module, name) = (self.line()?, self.line()?);
        self.push(Value::Global(format!("{module}.{name}")));
        Ok(())
    }

    fn call(&mut self) -> Result<(), String> {
        let (args, callable) = (self.pop()?, self.pop()?);
        if let Some(bytes) = self.encoded(callable, args) {
            self.push(Value::Bytes(bytes));
            return Ok(());
        }
        self.push(Value::Call {
            callable,
            args,
            state: None,
        });
        Ok(())
    }

    /// Bytes as Python 3 writes them in protocol 2: a text to be encoded as Latin-1.
    fn encoded(&self, callable: Ref, args: Ref) -> Option<Vec<u8>> {
        let is_encode =
            matches!(self.values.get(callable)?, Value::Global(name) if name == "_codecs.encode");
        match self.values.get(args)? {
            Value::Sequence(args) if is_encode => match self.values.get(*args.first()?)? {
                Value::Text(text) => text.chars().map(|c| u8::try_from(c).ok()).collect(),
                _ => None,
            },
            _ => None,
        }
    }

    /// Sets an object's state.
    fn build(&mut self) -> Result<(), String> {
        let (new, object) = (self.pop()?, self.top()?);
        if let Some(Value::Call { state, .. }) = self.values.get_mut(object) {
            *state = Some(new);
        }
        Ok(())
    }

    fn remember(&mut self, width: usize) -> Result<(), String> {
        let (key, top) = (self.number(width)?, self.top()?);
        self.memo.push((key, top));
        Ok(())
    }

    fn recall(&mut self, width: usize) -> Result<(), String> {
        let key = self.number(width)?;
        self.recall_key(key)
    }

    fn recall_key(&mut self, key: u64) -> Result<(), String> {
        // Keys are nearly always given in order, so the entry is where its key says; else look for it.
        let direct = usize::try_from(key)
            .ok()
            .and_then(|i| self.memo.get(i))
            .filter(|(k, _)| *k == key);
        let found = direct.or_else(|| self.memo.iter().rev().find(|(k, _)| *k == key));
        let (_, at) = found.ok_or_else(short)?;
        self.stack.push(*at);
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.input.split_at_checked(count).ok_or_else(short)?;
        self.input = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.take(1)?.first().copied().ok_or_else(short)
    }

    fn skip(&mut self, count: usize) -> Result<(), String> {
        self.take(count)?;
        self.push(Value::Other);
        Ok(())
    }

    /// A little-endian unsigned number of up to eight bytes.
    fn number(&mut self, width: usize) -> Result<u64, String> {
        let bytes = self.take(width)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn unsigned(&mut self, width: usize) -> Result<(), String> {
        let number = self.number(width)?;
        self.push(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        Ok(())
    }

    /// A little-endian signed number of any length; longer ones than 64 bits are no sizes and not kept.
    fn long(&mut self, len: u64) -> Result<(), String> {
        let bytes = self.sized(len)?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let value = if bytes.len() <= 8 {
            let mut full = [if negative { 0xff } else { 0 }; 8];
            full.iter_mut()
                .zip(bytes)
                .for_each(|(to, from)| *to = *from);
            Value::Int(i64::from_le_bytes(full))
        } else {
            Value::Other
        };
        self.push(value);
        Ok(())
    }

    fn sized(&mut self, len: u64) -> Result<&'a [u8], String> {
        self.take(usize::try_from(len).map_err(|_| short())?)
    }

    fn string(&mut self, width: usize) -> Result<(), String> {
        let len = self.number(width)?;
        let text = String::from_utf8_lossy(self.sized(len)?).into_owned();
        self.push(Value::Text(text));
        Ok(())
    }

    fn bytes(&mut self, width: usize) -> Result<(), String> {
        let len = self.number(width)?;
        let bytes = self.sized(len)?.to_vec();
        self.push(Value::Bytes(bytes));
        Ok(())
    }

    /// The `str` of Python 2.
    fn string_or_bytes(&mut self, width: usize) -> Result<(), String> {
        let len = self.number(width)?;
        let bytes = self.sized(len)?;
        self.push(match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(bytes.to_vec()),
        });
        Ok(())
    }

    fn line(&mut self) -> Result<String, String> {
        Ok(String::from_utf8_lossy(self.line_bytes()?).into_owned())
    }

    fn line_bytes(&mut self) -> Result<&'a [u8], String> {
        let end = self
            .input
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(short)?;
        let line = self.take(end)?;
        self.take(1)?;
        Ok(line)
    }
}

fn pairs(items: &[Ref]) -> Vec<(Ref, Ref)> {
    items
        .chunks_exact(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
        .collect()
}

fn short() -> String {
    "holds a damaged pickle".into()
}
