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
        "b0 = sfne(image, expand = 4)" "b0 = sfne(image, expand: 4)";
    Language "E002" "unknown language version"
        "A file may state the version of the language it is written in. This compiler knows version 1."
        "language 9" "language 1";
    UnknownName "E101" "unknown name"
        "A name must be a parameter, the model's input, or a binding that stands above its use."
        "fast = rgu(z)" "fast = rgu(x)";
    RepeatedName "E102" "name defined twice"
        "Within one block, model or file a name means one thing."
        "out = Z @ fast\nout = Z @ mix" "out = Z @ fast\no_mix = Z @ mix";
    UnknownCallee "E103" "unknown operation, block or slow net"
        "What is called must be an operation of the language, or a block or slow net of the file."
        "fast = rgy(x)" "fast = rgu(x)";
    UsedBefore "E104" "used before it is defined"
        "Bindings are evaluated from top to bottom; data flows one way."
        "a = gelu(b)\nb = gelu(x)" "b = gelu(x)\na = gelu(b)";
    Recursion "E105" "a block contains itself"
        "Blocks are expanded where they are called, so a block that calls itself, directly or through others, never ends."
        "block a(x) { a(x) }" "block a(x) { gelu(x) }";
    UnknownBase "E106" "unknown model or variant"
        "A variant changes the model of the file or another variant; `--variant` chooses one of the file's variants."
        "variant Small of Cifar { }" "variant Small of Cifar10 { }";
    UnknownPath "E107" "nothing there to override"
        "A path in a variant or in `--set` leads to something that the file says. Overriding what is not there would change nothing, silently."
        "variant V of M { sfne.l11 = local(11, from: x, over: x, slow: small) }" "variant V of M { sfne.l9 = local(11, from: x, over: x, slow: small) }";
    UnknownSetting "E108" "unknown setting or loss term"
        "The sections `train` and `loss` have a fixed list of members."
        "train { epoch 100 }" "train { epochs 100 }";
    Missing "E109" "something is missing"
        "A model has one input, one output and a loss; a block ends with the expression it yields."
        "model M { input image[3, 32, 32] }" "model M { input image[3, 32, 32] output classes(10) = global_mean(image) |> linear loss { cross_entropy } }";
    ModelCount "E110" "not exactly one model"
        "A file holds one model; variants of it make others."
        "model A { } model B { }" "model A { } variant B of A { }";
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
        "Every parameter without a default needs an argument, and every argument a parameter."
        "K = hyper()" "K = hyper(wide, over: x)";
    UnknownArgument "E202" "unknown named argument"
        "A named argument must name a parameter of what is called."
        "local(9, form: x, over: x, slow: small)" "local(9, from: x, over: x, slow: small)";
    RepeatedArgument "E203" "argument given twice"
        "A parameter takes one argument, by position or by name."
        "dropout(x, 0.1, rate: 0.2)" "dropout(x, 0.1)";
    Type "E204" "wrong kind of value"
        "Parameters take whole numbers, numbers, feature maps, lists, slow nets or fixed words, each where it is expected."
        "dropout(x, y)" "dropout(x, 0.05)";
    UnknownWord "E205" "unknown word"
        "Some parameters take one of a fixed list of words."
        "random_crop(padding: 4, mode: mirror)" "random_crop(padding: 4, mode: symmetric)";
    Misfit "E206" "a block that cannot be called as it is needed"
        "A parameter of type `block` is called with certain arguments; the block given for it takes these and has defaults, or fixed values, for all others."
        "hyper(x, magnet)" "hyper(x, magnet(hidden=64))";
    Elementwise "E301" "shapes do not fit elementwise"
        "`+` and `*` pair every position: each axis must be equal on both sides, or 1 on one of them."
        "x + global_mean(x) * y   // [N, 3, 32, 32] with [N, 12, 32, 32]" "x * K";
    MatMul "E302" "shapes do not fit a matrix product"
        "`@` multiplies the H x W planes of each channel. The product keeps the shape only if the planes are square, and both sides need the same channels and planes."
        "input image[3, 32, 24]   // then Z @ fast" "input image[3, 32, 32]";
    Concat "E303" "branches do not fit side by side"
        "Branches are joined along channels, so height, width and batch must agree, and there must be at least one."
        "concat { x  global_mean(x) }" "concat { x  gelu(x) }";
    EvenKernel "E304" "even kernel size"
        "A local kernel is centred on its pixel, so its side is odd."
        "local(4, from: x, over: x, slow: small)" "local(5, from: x, over: x, slow: small)";
    OversizedKernel "E305" "kernel larger than the image"
        "Parts of a kernel that reach beyond the image on every position are never used."
        "local(33, from: x, over: x, slow: small)   // on 32 x 32" "local(31, from: x, over: x, slow: small)";
    Groups "E306" "channels do not divide into groups"
        "Group standardization splits the channels into equal parts."
        "g_ibs(x, groups: 5)   // 12 channels" "g_ibs(x, groups: 6)";
    Tile "E307" "channels do not tile"
        "Tiling repeats all channels a whole number of times."
        "tile(skip, like: x)   // 5 channels into 12" "tile(skip, like: x)   // 4 channels into 12";
    Remainder "E308" "division leaves a remainder"
        "Sizes are whole numbers; a division that leaves a remainder, or by zero, has no meaning for them."
        "pointwise(x, 7 / 2)" "pointwise(x, 8 / 2)";
    Range "E309" "value out of range"
        "The value lies outside what the operation is defined for."
        "dropout(x, 1.5)" "dropout(x, 0.5)";
    TooLarge "E310" "too large"
        "A size, or the product of sizes, exceeds the stated limits (specs/language.md), so the model could not be stored or run."
        "input image[3, 100000, 100000]" "input image[3, 224, 224]";
    Index "E311" "index outside the list"
        "Lists are indexed from 0. An element must be there; a slice takes what there is of it and may be empty."
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
    Repeated "E402" "section given twice"
        "A section, setting or loss term is stated once; changes to it belong into a variant."
        "train { epochs 10  epochs 20 }" "train { epochs 20 }";
    NoLoss "E401" "a model without a loss"
        "Without a cross-entropy term nothing tells the model what to learn."
        "model M { ... loss { } }" "model M { ... loss { cross_entropy } }";
    Unused "W501" "unused definition"
        "A block, slow net or parameter that nothing uses is either left over or a slip."
        "slow wide = magnet(hidden: 64)   // and no hyper(wide, ...)" "kernel K = hyper(wide, over: x)";
    UnusedBinding "W502" "unused binding"
        "The value of this binding reaches neither the output nor a loss, so it is left out of the network: it costs nothing and nothing of it is trained."
        "mix = mixer(x)   // and no use of mix" "o_mix = Z @ mix";
    Unreached "W503" "parameters that no loss reaches"
        "No loss term with a weight depends on these parameters, so training never changes them."
        "loss { cross_entropy(weight: 0) }" "loss { cross_entropy }";
    NoEffect "W504" "argument without effect"
        "The argument is accepted here but nothing reads it."
        "K = hyper(magnet_with_alpha, over: x)   // alpha is for context-dependent kernels" "local(9, from: x, over: x, slow: magnet_with_alpha)";
}
