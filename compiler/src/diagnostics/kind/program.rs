//! What elaboration and overrides refuse: names, calls, types, paths, families, files. One table with an entry a kind, which
//! is why it is long: a kind and all of its wording stand together.

use super::Wording;
use crate::diagnostics::{Code, each_of, nearest, one_of, quoted};

macro_rules! program_kinds {
    ($($(#[$doc:meta])* $variant:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)* }
        $code:ident, $message:expr, $label:expr, $help:expr;)*) => {
        /// Names, calls, types and paths that are wrong.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum ProgramKind {
            $($(#[$doc])* $variant { $($(#[$field_doc])* $field: $ty,)* },)*
        }

        #[allow(unused_variables, reason = "not every wording names all of its data")]
        impl Wording for ProgramKind {
            fn code(&self) -> Code {
                match self { $(Self::$variant { .. } => Code::$code,)* }
            }

            fn message(&self) -> String {
                match self { $(Self::$variant { $($field),* } => $message,)* }
            }

            fn label(&self) -> String {
                match self { $(Self::$variant { $($field),* } => $label.to_string(),)* }
            }

            fn help(&self) -> Option<String> {
                match self { $(Self::$variant { $($field),* } => $help,)* }
            }
        }
    };
}

program_kinds! {
    /// A definition has the name of something built in.
    HidesBuiltin {
        /// The name.
        name: String,
    }
        RepeatedName, format!("`{name}` is built in"), "defined here",
        Some("give it another name".into());
    /// A name is defined twice.
    DefinedTwice {
        /// The name.
        name: String,
    }
        RepeatedName, format!("`{name}` is defined twice"), "again here",
        Some("give one of them another name".into());
    /// A name of a block and a call of its result have one path.
    Clash {
        /// The name.
        name: String,
    }
        RepeatedName, format!("`{name}` is a name of this block and a call of its result"), "named here",
        Some("give the name another one: paths of both start with it".into());
    /// A name that nothing has.
    UnknownName {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
        /// What is wanted there, if that is known.
        wanted: Option<String>,
    }
        UnknownName, format!("unknown name `{name}`"), "not defined here",
        hint(name, known).or_else(|| wanted.as_ref().map(|wanted| format!("write {wanted}")));
    /// The name of a function that is not called.
    Uncalled {
        /// The function.
        name: String,
        /// What it takes.
        takes: Vec<String>,
    }
        UnknownName, format!("`{name}` is a function"), "not called",
        Some(format!("write `{name}({})`", takes.join(", ")));
    /// A call of something that is not there.
    UnknownCallee {
        /// The name.
        name: String,
        /// What can be called.
        known: Vec<String>,
    }
        UnknownCallee, format!("unknown block or operation `{name}`"), "not defined here",
        match name.as_str() {
            "choose" => Some("`choose` stands for the value of a change, in a variant".into()),
            _ => hint(name, known),
        };
    /// A word that a word type does not have.
    UnknownWord {
        /// The word.
        word: String,
        /// The type that is wanted.
        ty: &'static str,
        /// Its words.
        words: &'static [&'static str],
    }
        UnknownWord, format!("unknown word `{word}`"), "not one of its words",
        words_help(word, ty, words);
    /// A type that there is not.
    UnknownType {
        /// The word.
        name: String,
        /// The types there are.
        types: &'static [&'static str],
    }
        UnknownWord, format!("unknown type `{name}`"), "not a type",
        Some(match nearest(name, types.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("types are {}, and lists of them such as `[int]`", one_of(types.iter().copied())),
            });
    /// A name is read above its binding.
    UsedBefore {
        /// The name.
        name: String,
    }
        UsedBefore, format!("`{name}` is used before it is defined"), "used here",
        Some("move the binding up".into());
    /// A call of a value.
    NotCallable {
        /// The name.
        name: String,
        /// What it is.
        found: String,
    }
        Type, format!("`{name}` cannot be called: it is {found}"), "called here",
        Some("call a block or an operation".into());
    /// A block or constant contains itself.
    Recursion {
        /// Which.
        name: String,
        /// How it comes back to itself.
        circle: Vec<String>,
    }
        Recursion, format!("`{name}` contains itself"), "and so on without end",
        Some(format!("{}: leave one of these out", circle.join(" -> ")));
    /// An index outside of a list.
    Index {
        /// The index.
        index: i64,
        /// How many elements there are.
        count: usize,
    }
        Index, format!("there is no element {index} in a list of {count}"), "outside of the list",
        Some(match count {
                0 => "the list is empty".into(),
                1 => "there is one element: use the index 0".into(),
                n => format!("use an index from 0 to {}, or from -{n} to -1", n - 1),
            });
    /// A list is bound out of order.
    NotNext {
        /// The list.
        name: String,
        /// The index written.
        index: i64,
        /// The index it must be.
        next: i64,
        /// Whether it stands in a loop, where no one number is right.
        repeated: bool,
    }
        Index, format!("`{name}[{index}]` is not the next element of `{name}`"), "bound here",
        Some(format!("elements are bound in order: the next is `{name}[{next}]`"));
    /// An index of something that is no list.
    NoList {
        /// What it is.
        found: String,
    }
        Type, format!("only lists have elements, this is {found}"), "not a list",
        Some("leave the brackets out".into());
    /// An attribute that a value does not have.
    NoField {
        /// The attribute.
        field: String,
        /// The tensor's shape, if it is one.
        shape: Option<String>,
    }
        UnknownName, format!("there is no `.{field}` here"), "unknown attribute",
        Some(match shape {
                Some(shape) => format!("a tensor {shape} has `channels`, `rank`, `sizes` and `positions`; images have `height` and `width`, sequences `length`"),
                None => "lists have `count`; tensors have `channels`, `sizes` and others".into(),
            });
    /// A value of a wrong type.
    Type {
        /// Whose value it is.
        of: String,
        /// What is wanted.
        wanted: String,
        /// What is there.
        found: String,
    }
        Type, format!("{of} takes {wanted}, found {found}"), format!("this is {found}"),
        Some(format!("give {wanted}"));
    /// A default that is no tensor, of a parameter without a type.
    Untyped {
        /// The parameter.
        name: String,
        /// The type that the default has.
        ty: &'static str,
        /// The default.
        default: String,
    }
        Type, format!("`{name}` has no type and so is a tensor, which `{default}` is not"), "no tensor",
        Some(format!("write the type, `{name}: {ty} = {default}`"));
    /// A computed number that is not whole.
    NotWhole {
        /// Whose value it is.
        of: String,
        /// What is there.
        number: f64,
    }
        Remainder, format!("{of} takes a whole number, found the number {number}"), format!("this is the number {number}"),
        Some(match number.fract() == 0.0 {
            true => format!("write `{number}`: roots and the like are no whole numbers, whatever they are equal to"),
            false => "choose numbers that divide without a remainder".into(),
        });
    /// A prefix operator on something else.
    NoOperand {
        /// The operator.
        operator: String,
        /// What is there.
        found: String,
    }
        Type, format!("`{operator}` is not defined for {found}"), "",
        Some("use a number or a tensor".into());
    /// An infix operator that is not defined for its sides.
    NoOperator {
        /// The operator.
        operator: String,
        /// The left side.
        left: String,
        /// The right side.
        right: String,
    }
        Type, format!("`{operator}` is not defined for {left} and {right}"), "this operator",
        Some(match (operator.as_str(), left.as_str()) {
            ("<" | "<=" | ">" | ">=" | "==" | "!=", "`true`" | "`false`") =>
                format!("comparisons do not chain: write `a {operator} b and b {operator} c`"),
            _ => "tensors take `+ - * @` with tensors and `+ - * /` with numbers; numbers take all but `@`".into(),
        });
    /// A division by zero.
    DivisionByZero {}
        Remainder, "division by zero".into(), "this is zero",
        Some("divide by another number".into());
    /// A number that no machine number holds.
    Overflow {}
        Range, "the result does not fit into a 64-bit whole number".into(), "computed here",
        Some("use smaller numbers, or write one of them as `2.0`".into());
    /// A number that is too large.
    NotFinite {}
        Range, "the result is too large for a number".into(), "computed here",
        Some("use smaller numbers".into());
    /// A function that is not defined for its argument.
    Undefined {
        /// The function.
        callee: String,
    }
        Range, format!("`{callee}` is not defined for this"), "not defined for this",
        Some("use another argument".into());
    /// A list repeated too often.
    ListTooLong {
        /// How often.
        times: i64,
        /// The longest list.
        most: usize,
    }
        TooLarge, format!("a list cannot be repeated {times} times"), "this often",
        Some(format!("lists have at most {most} elements, those of lists inside them counted, and are repeated 0 times or more"));
    /// A list of too much.
    TooManyElements {
        /// The longest list.
        most: usize,
    }
        TooLarge, format!("a list of more than {most} elements, those of lists inside it counted"), "too long",
        Some("use a shorter list".into());
    /// A loop with too many rounds.
    TooManyRounds {
        /// The most there may be.
        most: i64,
    }
        TooLarge, format!("a loop of more than {most} rounds"), "ends here",
        Some("use fewer rounds".into());
    /// Calls and expressions nested too deeply.
    TooDeep {
        /// How deep they may be.
        most: usize,
    }
        TooLarge, format!("nested more than {most} deep"), "too deep here",
        Some("give parts of it names of their own".into());
    /// Blocks that call blocks too deeply.
    TooManyCalls {
        /// How deep they may be.
        most: usize,
    }
        TooLarge, format!("blocks call blocks more than {most} deep"), "too deep here",
        Some("let blocks call fewer blocks in one another".into());
    /// Too many calls of blocks.
    TooManyInstances {
        /// The most there may be.
        most: usize,
    }
        TooLarge, format!("the model has more than {most} calls of blocks"), "too many here",
        Some("use fewer blocks".into());
    /// Too many operations.
    TooManyNodes {
        /// The most there may be.
        most: usize,
    }
        TooLarge, format!("the model has more than {most} operations"), "too many here",
        Some("use fewer blocks".into());
    /// A call of a block where only values can stand.
    CallOfNoTensor {
        /// The block.
        name: String,
    }
        Type, format!("`{name}` makes a tensor, here only a value known while compiling can stand"), "called here",
        Some("bind the tensor to a name first, or use its attributes".into());
    /// An argument without a name in a block value.
    FixedByPosition {
        /// The block.
        block: String,
    }
        Arity, "arguments of a block value are given by name".into(), "without a name",
        Some(format!("write `{block}(name=value)`: what is left open is given where the block is called"));
    /// A tensor in a block value.
    FixedTensor {
        /// The parameter.
        name: String,
        /// The block.
        block: String,
    }
        Type, format!("`{name}` of `{block}` is a tensor, and given where the block is called"), "cannot be fixed",
        Some("leave it out".into());
    /// An argument given twice.
    GivenTwice {
        /// The parameter.
        name: String,
    }
        RepeatedArgument, format!("`{name}` is given twice"), "again here",
        Some("give it once".into());
    /// An argument by position after one by name.
    PositionAfterName {}
        Arity, "an argument without a name after one with a name".into(), "without a name",
        Some("name it, or put it before the named ones".into());
    /// More arguments than parameters.
    Surplus {
        /// What is called.
        callee: String,
        /// How many there may be.
        most: usize,
    }
        Arity, { let s = if *most == 1 { "" } else { "s" }; format!("`{callee}` takes {most} argument{s}") }, "one too many",
        Some("leave it out".into());
    /// Operands of a function that are missing.
    MissingOperands {
        /// What is called.
        callee: String,
        /// Which.
        missing: Vec<String>,
        /// All that it takes.
        all: Vec<String>,
    }
        Arity, { let list = and_of(missing); format!("`{callee}` also needs {list}") }, "called here",
        Some(format!("write `{callee}({})`", all.join(", ")));
    /// Arguments that are missing.
    MissingArguments {
        /// What is called.
        callee: String,
        /// Which.
        missing: Vec<String>,
    }
        Arity, { let list = and_of(missing); format!("`{callee}` also needs {list}") }, "called here",
        Some(format!("write {}", missing.iter().map(|m| format!("`{m}=...`")).collect::<Vec<_>>().join(", ")));
    /// A block value that lacks arguments where it is called.
    Misfit {
        /// The block that calls it.
        caller: String,
        /// The parameter it was given for.
        param: String,
        /// The block.
        block: String,
        /// What it also needs.
        missing: Vec<String>,
    }
        Misfit, { let list = and_of(missing); format!("`{caller}` calls `{param}` without {list}, which `{block}` also needs") }, "given here",
        Some(format!("write `{block}({})`", missing.iter().map(|m| format!("{m}=...")).collect::<Vec<_>>().join(", ")));
    /// A block value that takes fewer arguments than it is called with.
    MisfitSurplus {
        /// The block that calls it.
        caller: String,
        /// The parameter it was given for.
        param: String,
        /// The block.
        block: String,
        /// How many it takes.
        most: usize,
    }
        Misfit, { let s = if *most == 1 { "" } else { "s" }; format!("`{caller}` gives `{param}` more than the {most} argument{s} that `{block}` takes") }, "given here",
        Some(format!("`{caller}` needs a block that takes what it gives; `termc explain {caller}` shows what that is"));
    /// A block value that takes something else than it is called with.
    MisfitArgument {
        /// The block that calls it.
        caller: String,
        /// The parameter it was given for.
        param: String,
        /// The block.
        block: String,
        /// Its parameter.
        takes: String,
        /// What it is given.
        gives: &'static str,
    }
        Misfit, format!("`{caller}` gives `{param}` {gives} where `{block}` takes `{takes}`"), "given here",
        Some(format!("`{caller}` needs a block that takes what it gives; `termc explain {caller}` shows what that is"));
    /// A named argument that names no parameter.
    UnknownArgument {
        /// What is called.
        callee: String,
        /// The name.
        name: String,
        /// The parameters.
        known: Vec<String>,
    }
        UnknownArgument, format!("`{callee}` has no parameter `{name}`"), "no such parameter",
        hint(name, known).or_else(|| (!known.is_empty()).then(|| format!("it takes {}", all_of(known))));
    /// A named argument of a function.
    NamedOfFunction {
        /// The function.
        callee: String,
    }
        UnknownArgument, format!("arguments of `{callee}` have no names"), "named here",
        Some("leave the name out".into());
    /// A parameter without a default after one with a default.
    DefaultFirst {
        /// The parameter.
        name: String,
    }
        Arity, format!("`{name}` has no default but stands after parameters that have one"), "without a default",
        Some("move it up, or give it a default".into());
    /// A constant that is a tensor.
    ConstantTensor {
        /// The constant.
        name: String,
    }
        Type, format!("the constant `{name}` is a tensor"), "makes a tensor",
        Some("constants are values known while compiling; bind tensors in a block".into());
    /// A line that cannot stand where it stands.
    WrongLine {
        /// Where it stands.
        place: &'static str,
    }
        Syntax, format!("this cannot stand in {place}"), "not here",
        Some(match *place {
                "a block" => "a block holds bindings, `for`, `require` and, last, its result",
                "a loop" => "a loop holds bindings of the form `name[i] = value` and `require`",
                "a model" => "a model holds `input`, bindings, `for`, `require`, `output` and `loss`",
                "a variant" => "a variant holds `path = value`, `without path` and `add path = value`",
                _ => "it holds lines of the form `name = value`",
            }.into());
    /// Lines after the result of a block.
    AfterResult {}
        Syntax, "this stands after the block's result".into(), "never used",
        Some("the result is the last line; give values names to use them".into());
    /// A block without a result.
    NoResult {
        /// The block.
        block: String,
    }
        Missing, format!("`{block}` yields nothing"), "ends without a result",
        Some("write what it yields as its last line".into());
    /// A binding of something that is no name.
    NoBindingName {}
        Syntax, "only a name or an element of a list can be bound".into(), "not a name",
        Some("write `name = value` or `name[i] = value`".into());
    /// A binding of a loop without an index.
    BindingOfLoop {}
        Syntax, "a loop binds elements of lists".into(), "without an index",
        Some("write `name[i] = value`, with the loop's variable in the index".into());
    /// A requirement is not met.
    Required {
        /// The author's words.
        message: String,
    }
        Required, message.clone(), "required otherwise",
        None;
    /// A model or variant that is not there.
    UnknownModel {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    }
        UnknownBase, format!("there is no model or variant `{name}`"), "not defined",
        hint(name, known).or_else(|| Some(match known.is_empty() {
                true => "the file defines none".into(),
                false => format!("there is {}", all_of(known)),
            }));
    /// Variants that are based on each other.
    VariantCircle {
        /// One of them.
        name: String,
    }
        Recursion, format!("variant `{name}` is based on itself"), "leads back to it",
        Some("base it on the model".into());
    /// A member of something that is no family.
    NoFamily {
        /// The name.
        name: String,
        /// The number.
        index: i64,
    }
        Family, format!("`{name}` is a single model, it has no member {index}"), "not a family",
        Some(format!("write `{name}`"));
    /// A family where one model is meant.
    WholeFamily {
        /// The name.
        name: String,
        /// How many members it has.
        count: usize,
    }
        Family, format!("`{name}` is a family of {count} models"), "one of them is meant",
        Some(format!("write `{name}[0]` to `{name}[{}]`", count.saturating_sub(1)));
    /// A member that a family does not have.
    NoMember {
        /// The name.
        name: String,
        /// The number.
        index: i64,
        /// How many members it has.
        count: usize,
    }
        Family, format!("`{name}` has no member {index}"), "not a member",
        Some(format!("its {count} members are `{name}[0]` to `{name}[{}]`", count.saturating_sub(1)));
    /// A family with too many members.
    FamilyTooLarge {
        /// The name.
        name: String,
        /// How many members it has.
        count: usize,
        /// The most it may have.
        most: usize,
    }
        TooLarge, format!("`{name}` is a family of {count} models"), "this family",
        Some(format!("offer fewer choices: a family has at most {most} members"));
    /// A place to add something at that is not there.
    NoNeighbour {
        /// The neighbour.
        name: String,
        /// What there is.
        known: Vec<String>,
    }
        UnknownPath, format!("there is no `{name}` here to add something at"), "not here",
        hint(name, known).or_else(|| Some(format!("there is {}", all_of(known))));
    /// A path of a change that leads nowhere.
    NothingThere {
        /// The path.
        path: String,
        /// The step that leads nowhere.
        step: String,
        /// What there is instead.
        offers: Vec<String>,
    }
        UnknownPath, format!("`{path}` leads nowhere: there is no `{step}`"), "leads nowhere",
        hint(step, offers).filter(|_| !has_elements(step, offers))
            .or_else(|| (!offers.is_empty()).then(|| format!("there is {}", all_of(offers))));
    /// A path of a change that leads to something that cannot be changed so.
    NotToBeSet {
        /// The path.
        path: String,
    }
        UnknownPath, format!("`{path}` leads to nothing that can be changed like this"), "without effect",
        Some("set arguments, bindings, constants and settings; exchange calls of one expression; take branches away".into());
    /// A path of a change that means several things.
    SeveralThere {
        /// The path.
        path: String,
        /// What it may mean.
        candidates: Vec<String>,
    }
        Ambiguous, format!("`{path}` means several things"), "ambiguous",
        Some(format!("write {}", all_of(candidates)));
    /// A path of a change that begins at a name of the model as well as at a definition.
    BothThere {
        /// The path.
        path: String,
        /// Its first step.
        name: String,
    }
        Ambiguous, format!("`{path}` means two things: in the model's own `{name}`, and in all calls of the definition `{name}`"),
        "ambiguous", Some("give one of them another name".into());
    /// A choice of nothing.
    NothingToChoose {}
        Arity, "`choose` needs values to choose from".into(), "without a value",
        Some("write them in the brackets: `choose(3, 4)`".into());
    /// A name that files give to different definitions of one model.
    TwoMeanings {
        /// The name.
        name: String,
    }
        RepeatedName, format!("`{name}` means two things in one model"), "this one",
        Some("give it another name: a model is recorded as one file".into());
    /// A file without a model.
    NoModel {}
        ModelCount, "the file defines no model".into(), "",
        Some("write `model NAME { ... }`".into());
    /// A model without something it needs.
    NoPart {
        /// What is missing.
        part: &'static str,
        /// How to write it.
        example: &'static str,
    }
        Missing, format!("the model has no {part}"), "this model",
        Some(format!("write `{example}`"));
    /// Something that a model states twice.
    PartTwice {
        /// Which.
        part: String,
    }
        Repeated, format!("`{part}` is given twice"), "again here",
        Some("give it once".into());
    /// A parameter of a model without a value.
    NoParameterValue {
        /// Which.
        name: String,
    }
        Missing, format!("the parameter `{name}` of the model has no value"), "without a default",
        Some(format!("give it a default, or a value with `--set {name}=...`"));
    /// An input of a wrong rank.
    InputSizes {
        /// How many sizes there are.
        found: usize,
    }
        Type, format!("an input has 2 or 3 sizes, found {found}"), "these sizes",
        Some("write `input image[channels, height, width]` or `input sequence[channels, length]`".into());
    /// A loss without a cross entropy.
    NoLoss {}
        NoLoss, "nothing tells the model what to learn".into(), "without a cross entropy",
        Some("add `cross_entropy(logits)`".into());
    /// A loss term that there is not.
    UnknownTerm {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    }
        UnknownSetting, format!("unknown loss term `{name}`"), "no loss term",
        hint(name, known).or_else(|| Some(format!("loss terms are {}", all_of(known))));
    /// A member of `train` that there is not.
    UnknownSetting {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    }
        UnknownSetting, format!("unknown setting `{name}`"), "no setting",
        hint(name, known).or_else(|| Some(format!("settings are {}", all_of(known))));
    /// A value that a setting does not take.
    UnknownChoice {
        /// The setting.
        setting: String,
        /// The value.
        name: String,
        /// What there is.
        known: Vec<String>,
    }
        UnknownWord, format!("unknown {setting} `{name}`"), "not known",
        hint(name, known).or_else(|| Some(format!("there is {}", all_of(known))));
    /// A setting that is given something of another kind.
    SettingTakes {
        /// The setting.
        setting: String,
        /// What it takes.
        wanted: String,
        /// How to write it.
        help: String,
    }
        Type, format!("`{setting}` takes {wanted}"), "found this",
        Some(help.clone());
    /// A path of a loss term that leads to no tensors.
    PathOfValues {
        /// The path.
        path: String,
        /// The step that leads nowhere.
        step: String,
        /// What there is.
        known: Vec<String>,
    }
        UnknownPath, format!("`{path}` leads to no value of the model: there is no `{step}`"), "no value",
        hint(step, known).or_else(|| (!known.is_empty()).then(|| format!("there is {}", all_of(known))));
    /// A file to be used that cannot be read.
    UseMissing {
        /// The path.
        path: String,
        /// Why.
        why: String,
    }
        Use, format!("cannot read `{path}`: {why}"), "used here",
        Some("paths are relative to the file that uses them".into());
    /// A file to be used that is outside of the folder of the main file.
    UseOutside {
        /// The path.
        path: String,
    }
        Use, format!("`{path}` is outside of the folder of the main file"), "used here",
        Some("put it beside the main file, or into a folder there".into());
    /// Files that use each other.
    UseCircle {
        /// The path.
        path: String,
    }
        Use, format!("`{path}` uses this file, directly or through others"), "used here",
        Some("move what both need into a third file".into());
    /// A version of the language that is not known.
    Language {
        /// The version.
        version: u64,
    }
        Language, format!("this is language {version}, which is not known here"), "stated here",
        Some("write `language 2`".into());
    /// A definition that nothing uses.
    UnusedDefinition {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    }
        Unused, format!("the {what} `{name}` is never used"), "defined here",
        Some("leave it out".into());
    /// A parameter that its block never reads.
    UnusedParameter {
        /// The parameter.
        name: String,
        /// The block.
        block: String,
    }
        Unused, format!("`{block}` never reads its parameter `{name}`"), "unused",
        Some("leave it out".into());
    /// Stored tensors that no loss reaches.
    Untrained {
        /// How many.
        count: usize,
        /// The path of the first.
        first: String,
    }
        Unreached, format!("no loss reaches {count} stored tensor{}, `{first}` first", if *count == 1 { "" } else { "s" }), "training never changes them",
        Some("give a loss term that depends on them a weight above 0".into());
    /// A model without stored tensors.
    NothingToTrain {}
        Unreached, "the model has no parameters".into(), "there is nothing to train",
        Some("add `linear`, or blocks that hold it".into());
    /// A binding that reaches neither output nor loss.
    UnusedBinding {
        /// The name.
        name: String,
    }
        UnusedBinding, format!("`{name}` reaches neither the output nor the loss"), "left out of the network",
        Some("use it, or leave it out".into());
}

impl ProgramKind {
    /// The kind as results carry it: an error path should not make results large.
    pub(crate) fn boxed(self) -> Box<super::Kind> {
        Box::new(self.into())
    }
}

/// "did you mean ...?", if one of these is near.
fn hint(word: &str, known: &[String]) -> Option<String> {
    nearest(word, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}

/// Whether a step names an element of something that has others.
fn has_elements(step: &str, offers: &[String]) -> bool {
    let element = step.split_once('[');
    element.is_some_and(|(name, _)| {
        let mut others = offers.iter().filter_map(|offer| offer.split_once('['));
        others.any(|(other, _)| other == name)
    })
}

fn words_help(word: &str, ty: &str, words: &[&str]) -> Option<String> {
    Some(match nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("words of `{ty}` are {}", one_of(words.iter().copied())),
    })
}

/// At most a dozen of these, in order.
fn all_of(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    match sorted.len() > MOST {
        true => format!(
            "{}, and others",
            quoted(sorted.into_iter().take(MOST)).join(", ")
        ),
        false => one_of(sorted),
    }
}

/// "`a`, `b` and `c`".
fn and_of(names: &[String]) -> String {
    each_of(names.iter().map(String::as_str))
}
