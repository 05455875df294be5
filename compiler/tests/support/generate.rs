//! Makes models of every form of the language whose names are words that Rust, Python, Burn and PyTorch keep for
//! themselves. Every model it makes is right.

use std::fmt::Write;

use super::random::Random;

/// Names that emitted source has to step around. None is a keyword of the language or a name that the models call.
const NAMES: &str = "\
    abstract alignof as async await become box break const_ continue crate default do dyn enum extern final fn gen impl in \
    let loop macro macro_rules match mod move mut offsetof override priv proc pub pure raw ref return self Self sizeof static \
    struct super trait try type typeof union unsafe unsized virtual where while yield std core alloc String Vec Option Some \
    None Ok Err Box Path Result Clone Default Debug From Into Iterator u8 usize f32 str vec panic assert \
    False True and_ def del elif except from_ finally global is lambda nonlocal pass raise with print len range list dict \
    set id object super_ __init__ __call__ __name__ _ __ _0 forward init new load from_bytes embedded parameters state_dict \
    load_state_dict zero_grad train eval cuda cpu to half register_buffer modules children apply buffers named_parameters \
    burn torch nn F Tensor Module Param Device device Network Initializer ModuleMapper ModuleVisitor Record Recorder Backend \
    B D N C H W L x0 weight bias_ value path name input_ output_ images logits_ mapper visitor store map visit num_params \
    collect_devices fork no_grad require_grad into_record load_record linear_0 a_linear_0 a_linear support kernels grid_ \
    main test cfg derive allow include_bytes concat_ Self_ Add Mul Sub Div matmul_ cat stack split_ narrow reshape";

/// The text of a model for a seed.
pub fn model(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut names: Vec<&str> = NAMES.split_whitespace().collect();
    random.shuffle(&mut names);
    let mut maker = Maker {
        random,
        names,
        blocks: vec![],
        text: "language 2\n".into(),
    };
    maker.constant();
    for _ in 0..1 + maker.random.below(4) {
        maker.block();
    }
    maker.model();
    maker.text
}

/// A parameter of a block that was made: what may be passed for it.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Float,
    Init,
    Block,
    Tensors,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Int,
        Self::Float,
        Self::Init,
        Self::Block,
        Self::Tensors,
    ];

    fn ty(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Init => "init",
            Self::Block => "block",
            Self::Tensors => "[tensor]",
        }
    }

    /// A default.
    fn value(self, slow: &str) -> String {
        match self {
            Self::Int => "3".into(),
            Self::Float => "0.25".into(),
            Self::Init => "kaiming_normal".into(),
            Self::Block => slow.into(),
            Self::Tensors => "[]".into(),
        }
    }
}

struct Maker<'a> {
    random: Random,
    /// Names not yet used by a definition.
    names: Vec<&'a str>,
    /// Names of blocks and what their parameters after the first take.
    blocks: Vec<(&'a str, Vec<(&'a str, Kind)>)>,
    text: String,
}

impl<'a> Maker<'a> {
    /// A name for a definition: no other has it.
    fn definition(&mut self) -> &'a str {
        self.names.pop().unwrap_or("exhausted")
    }

    /// A block value that makes kernels.
    fn slow(&mut self) -> String {
        let hidden = 2 + self.random.below(3);
        format!("magnet(hidden={hidden}, layers=1, omega=5)")
    }

    fn constant(&mut self) {
        let (name, slow) = (self.definition(), self.slow());
        writeln!(self.text, "\nconst {name} = {slow}").unwrap_or_default();
        self.blocks.push((name, vec![]));
    }

    /// What stands for a slow net: the constant, or one written out.
    fn net(&mut self) -> String {
        match self.random.below(2) {
            0 => self.blocks[0].0.into(),
            _ => self.slow(),
        }
    }

    fn block(&mut self) {
        let block = self.definition();
        let mut locals = self.names.clone();
        self.random.shuffle(&mut locals);
        let mut local = || locals.pop().unwrap_or("exhausted");
        let x = local();
        let mut params = vec![];
        for _ in 0..self.random.below(4) {
            params.push((local(), *self.random.pick(&Kind::ALL)));
        }
        let mut head = x.to_owned();
        for (name, kind) in &params {
            let net = self.net();
            write!(head, ", {name}: {} = {}", kind.ty(), kind.value(&net)).unwrap_or_default();
        }
        writeln!(
            self.text,
            "\n/// `{block}` has words of \"other\" languages.\nblock {block}({head}) {{"
        )
        .unwrap_or_default();
        // Every value has the shape of the first parameter, so that all go together.
        let mut values = vec![x.to_owned()];
        let width = format!("{x}.channels");
        for (name, kind) in &params {
            let (from, to) = (self.random.pick(&values).clone(), local());
            let line = match kind {
                Kind::Int => format!("linear({from}, {name}) |> linear({width})"),
                Kind::Float => format!("dropout({from}, {name}, shared=positions)"),
                Kind::Init => format!("linear({from}, {width}, weight={name})"),
                Kind::Block => format!("{from} * hyper({from}, {name})"),
                Kind::Tensors => format!("concat({from}, {name}) |> linear({width})"),
            };
            writeln!(self.text, "    {to} = {line}").unwrap_or_default();
            values.push(to.into());
        }
        for _ in 0..1 + self.random.below(5) {
            let to = local();
            let (a, b) = (
                self.random.pick(&values).clone(),
                self.random.pick(&values).clone(),
            );
            let made = self.line(to, &a, &b, &width, &mut local);
            values.push(made);
        }
        let all = values.join(" + ");
        writeln!(self.text, "    {all}\n}}").unwrap_or_default();
        self.blocks.push((block, params));
    }

    /// A binding of some form; the name of its value.
    fn line(
        &mut self,
        to: &str,
        a: &str,
        b: &str,
        width: &str,
        mut local: impl FnMut() -> &'a str,
    ) -> String {
        let line = match self.random.below(10) {
            0 => format!("gelu({a})"),
            1 => format!("instance_std(rgu({a}) + rgu({b}))"),
            2 => format!("linear({a}, 2) |> batch_std |> gelu |> linear({width}, bias=none)"),
            3 => format!("{a} * sigmoid({b}) - 0.5 * {a}"),
            4 => format!("{a} @ {b}"),
            5 => format!("if {width} > 2 {{ mixer({a}) }} else {{ bias({b}) }}"),
            6 => {
                let i = local();
                writeln!(
                    self.text,
                    "    {to}[0] = {a}\n    for {i} in 0..2 {{\n        {to}[{i} + 1] = mixer({to}[{i}]) + {b}\n    }}"
                )
                .unwrap_or_default();
                return format!("{to}[-1]");
            }
            7 => {
                let net = self.net();
                format!("{a} * hyper({b}, {net})")
            }
            8 if self.blocks.len() > 1 => self.call(a, b),
            _ => format!("concat({a}, {b}) |> linear({width})"),
        };
        writeln!(self.text, "    {to} = {line}").unwrap_or_default();
        to.into()
    }

    /// A call of a block made before, with some of its arguments.
    fn call(&mut self, a: &str, b: &str) -> String {
        let number = 1 + self.random.below(self.blocks.len() - 1);
        let (name, params) = self.blocks[number].clone();
        let mut call = format!("{name}({a}");
        for (param, kind) in params {
            if self.random.below(2) == 0 {
                continue;
            }
            let value = match kind {
                Kind::Int => (1 + self.random.below(4)).to_string(),
                Kind::Float => "0.5".into(),
                Kind::Init => "fixed(uniform(0.5))".into(),
                Kind::Block => self.net(),
                Kind::Tensors => format!("[{b}, {a}]"),
            };
            write!(call, ", {param}={value}").unwrap_or_default();
        }
        call + ")"
    }

    fn model(&mut self) {
        let name = self.definition();
        let mut locals = self.names.clone();
        self.random.shuffle(&mut locals);
        let mut local = || locals.pop().unwrap_or("exhausted");
        let (classes, input, output, list) = (local(), local(), local(), local());
        writeln!(
            self.text,
            "\nmodel {name}({classes}: int = 3) {{\n    input {input}[2, 4, 4]"
        )
        .unwrap_or_default();
        let mut last = input.to_owned();
        for i in 0..1 + self.random.below(3) {
            let call = self.call(&last, input);
            writeln!(self.text, "    {list}[{i}] = {call}").unwrap_or_default();
            last = format!("{list}[{i}]");
        }
        writeln!(
            self.text,
            "    output {output} = head({last}, {classes})\n\n    loss {{\n        cross_entropy({output})\n    }}\n}}"
        )
        .unwrap_or_default();
    }
}
