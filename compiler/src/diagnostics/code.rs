//! The stable codes: severity, title and long text of each, stated once.

/// Whether a finding stops compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, unless warnings are denied.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $title:literal $why:literal $wrong:literal $right:literal;)*) => {
        /// The kind of a finding; its name never changes meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code in order.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// `E301`: `E` for errors, `W` for warnings.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// A few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// Why it is reported.
            pub fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)* }
            }

            /// A failing example.
            pub fn wrong(self) -> &'static str {
                match self { $(Self::$variant => $wrong,)* }
            }

            /// The example, mended.
            pub fn right(self) -> &'static str {
                match self { $(Self::$variant => $right,)* }
            }
        }
    };
}

impl Code {
    /// Errors are `E...`, warnings `W...`.
    pub fn severity(self) -> Severity {
        if self.name().starts_with('W') {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    /// The code with this name, in either case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.name().eq_ignore_ascii_case(name))
    }
}

codes! {
    Syntax "E001" "not the syntax of the language"
        "The text cannot be read as a program. The message says what was found and what could stand there instead."
        "a (x + y)" "a(x + y)";
    Language "E002" "another version of the language"
        "This compiler reads version 2, which a file may state. A file of version 1 is known by what only that version had; this is said once, at the first such place, and the page on the language says what to write instead."
        "output classes(10) = global_mean(b4) |> linear" "output logits = head(b[4], classes)";
    UnknownName "E101" "unknown name"
        "A name must be a parameter, a binding above its use, the model's input, or a definition; what stands after a dot must be an attribute of the value."
        "fast = rgu(z)" "fast = rgu(x)";
    RepeatedName "E102" "name defined twice"
        "Within one block, model or file a name means one thing, and the names of primitives and functions are taken."
        "out = Z @ fast\nout = Z @ mix" "out = Z @ fast\nout_mix = Z @ mix";
    UnknownCallee "E103" "unknown block or primitive"
        "What is called must be a primitive, or a block of the file, of a file that it uses, or of the prelude."
        "fast = rgy(x)" "fast = rgu(x)";
    UsedBefore "E104" "used before it is defined"
        "Bindings are evaluated from top to bottom; data flows one way."
        "a = gelu(b)\nb = gelu(x)" "b = gelu(x)\na = gelu(b)";
    Recursion "E105" "a definition contains itself"
        "Blocks are expanded where they are called, so a block that calls itself, directly, through others or through a block value, never ends. Nor does a constant that is made of itself, or a variant of itself."
        "block a(x) { a(x) }" "block a(x) { gelu(x) }";
    UnknownBase "E106" "unknown model or variant"
        "A variant changes a model, another variant or a member of a family; `--model` names one of these."
        "variant Small of Cifar { }" "variant Small of Cifar10 { }";
    UnknownPath "E107" "nothing at this path"
        "A path in a variant, in `--set` or in a loss term leads to something that the model has. A change of what is not there would change nothing, silently."
        "sfne.l11.size = 9   // there is l9" "sfne.l9.size = 11";
    UnknownSetting "E108" "unknown setting or loss term"
        "The sections `train` and `loss` have a fixed list of members."
        "train { epoch = 100 }" "train { epochs = 100 }";
    Missing "E109" "something is missing"
        "A model has one input, one output and a loss, and values for its parameters; a block ends with the expression it yields; a slow neural loss compares two values at least."
        "model M {\n    input image[3, 32, 32]\n}"
        "model M {\n    input image[3, 32, 32]\n    output logits = head(image, 10)\n    loss { cross_entropy(logits) }\n}";
    ModelCount "E110" "no model"
        "What is compiled is a model, so the main file defines at least one; the first is meant where none is named. Only `termc check` takes a file of blocks alone."
        "block a(x) { gelu(x) }   // and nothing else" "block a(x) { gelu(x) }\nmodel M { ... }";
    Use "E111" "a file that cannot be used"
        "`use` takes the blocks and constants of another file. The file is there, inside the folder of the main file, and files do not use each other in a circle."
        "use \"block.term\"   // there is blocks.term" "use \"blocks.term\"";
    Ambiguous "E112" "a path that means several things"
        "A path leads to one place. Calls that stand several times in one expression are numbered in the order of the text."
        "sfne.fast.rgu.k.weight = 0" "sfne.fast.rgu[0].k.weight = 0";
    Family "E113" "no single member of a family"
        "A variant that chooses stands for several models: its members are numbered, the last choice varying fastest."
        "variant V of SlowSize { }" "variant V of SlowSize[3] { }";
    Arity "E201" "missing or surplus arguments"
        "Every parameter without a default needs an argument, and every argument a parameter; arguments by position come first. Lists have as many elements as are wanted."
        "K = hyper(x)" "K = hyper(x, magnet(hidden=64))";
    UnknownArgument "E202" "unknown named argument"
        "A named argument must name a parameter of what is called."
        "local(x, size=9, form=mix, net=small)" "local(x, size=9, from=mix, net=small)";
    RepeatedArgument "E203" "argument given twice"
        "A parameter takes one argument, by position or by name."
        "dropout(x, 0.1, rate=0.2)" "dropout(x, 0.1)";
    Type "E204" "wrong kind of value"
        "Parameters, operators, settings and loss terms take tensors, numbers, lists, starts, blocks or words, each where it is expected."
        "dropout(x, y)" "dropout(x, 0.05)";
    UnknownWord "E205" "unknown word"
        "Some parameters and settings take one of a fixed list of words."
        "random_crop(padding=4, mode=mirror)" "random_crop(padding=4, mode=symmetric)";
    Misfit "E206" "a block that cannot be called as it is needed"
        "A parameter of type `block` is called with certain arguments; the block given for it takes these and has defaults, or fixed values, for all others."
        "hyper(x, magnet)" "hyper(x, magnet(hidden=64))";
    Elementwise "E301" "shapes do not fit elementwise"
        "`+`, `-` and `*` pair channels and positions: each axis must be equal on both sides, or 1 on one of them. A tensor without positions fits any."
        "x + mixer(x, 12)   // [N, 3, 32, 32] and [N, 12, 32, 32]" "tile(x, 12) + mixer(x, 12)";
    MatMul "E302" "shapes do not fit a matrix product"
        "`@` multiplies planes, [H, K] and [K, W], of the same channels. Two planes of one size fit if they are square."
        "input image[3, 32, 24]   // then Z @ fast" "input image[3, 32, 32]";
    Concat "E303" "branches do not fit side by side"
        "Branches are joined along channels, so their positions must agree, and there must be at least one."
        "concat(x, mean(x, positions))" "concat(x, gelu(x))";
    EvenKernel "E304" "even kernel size"
        "A kernel of `depthwise` is centred on its position, so its sizes are odd."
        "depthwise(x, net(grid([4, 4]), x.channels))" "depthwise(x, net(grid([5, 5]), x.channels))";
    OversizedKernel "E305" "larger than the image"
        "A kernel has at most the positions of what it is applied to, and pooling makes at most those that there are."
        "local(x, size=33, from=x, net=small)   // on 32 x 32" "local(x, size=31, from=x, net=small)";
    Groups "E306" "channels do not divide into parts"
        "`split` makes equal parts of the channels, or parts that have all of them together."
        "split(x, 5)   // 12 channels" "split(x, 6)";
    Tile "E307" "channels do not tile"
        "Tiling repeats all channels a whole number of times, also where `slow_neural` compares kernels by tiling."
        "slow_neural(b.K, compare=tile)   // of 5 and 12 channels" "slow_neural(b.K, compare=channel_sum)";
    Remainder "E308" "division leaves a remainder"
        "Sizes are whole numbers; a division that leaves a remainder, or by zero, has no meaning for them."
        "linear(x, 7 / 2)" "linear(x, 8 / 2)";
    Range "E309" "value out of range"
        "The value lies outside what the operation is defined for."
        "dropout(x, 1.5)" "dropout(x, 0.5)";
    TooLarge "E310" "too large"
        "A size, a product of sizes, a number of elements or a depth exceeds the stated limits (specs/language.md), so the model could not be stored or run."
        "input image[3, 100000, 100000]" "input image[3, 224, 224]";
    Index "E311" "index outside the list"
        "Lists are indexed from 0, from the end with -1, and bound in order. An element must be there; a slice takes what there is of it and may be empty."
        "skips[3]   // of 2" "skips[1]";
    Kernel "E312" "kernel does not fit"
        "A kernel of `depthwise` has the channels of what it is applied to, as many axes of positions, and is the same for every image."
        "depthwise(x, x)" "depthwise(x, net(grid([3, 3]), x.channels))";
    Rank "E313" "wrong number of axes"
        "Images have two axes of positions, sequences one; lists of sizes name one size for each, and means are taken over one axis at least."
        "grid([3, 3, 3])" "grid([3, 3])";
    Required "E314" "a requirement is not met"
        "A block or a model may require something of what it is given; the message is the author's."
        "g_ibs(x, 5)   // 12 channels" "g_ibs(x, 6)";
    NoLoss "E401" "a model without a loss"
        "Without a cross-entropy term nothing tells the model what to learn."
        "loss { weight_norm(fast=5e-5) }" "loss {\n    cross_entropy(logits)\n    weight_norm(fast=5e-5)\n}";
    Repeated "E402" "stated twice"
        "A section, setting or loss term is stated once; changes to it belong into a variant, and two terms of a kind have names of their own."
        "train { epochs = 10; epochs = 20 }" "train { epochs = 20 }";
    Unused "W501" "unused definition"
        "A block, constant or parameter that nothing uses is either left over or a slip."
        "const small = magnet(hidden=32)   // and no use of small" "K = hyper(x, small)";
    UnusedBinding "W502" "unused binding"
        "The value of this binding reaches neither the output nor a loss, so it is left out of the network: it costs nothing and nothing of it is trained."
        "mix = mixer(x)   // and no use of mix" "out_mix = Z @ mix";
    Unreached "W503" "parameters that no loss reaches"
        "No loss term with a weight depends on these parameters, so training never changes them."
        "loss { cross_entropy(logits, weight=0) }" "loss { cross_entropy(logits) }";
}
