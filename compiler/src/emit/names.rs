//! Allocates the identifiers of emitted source: legal, unique within their namespace, none decided elsewhere.

use std::collections::HashSet;

/// A namespace: hands out each identifier once.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A namespace in which these words mean something already.
    pub(super) fn reserving<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            taken: words.into_iter().map(str::to_owned).collect(),
        }
    }

    /// `wanted`, or that with the first free number after it.
    pub(super) fn allocate(&mut self, wanted: &str) -> String {
        self.joined(wanted, "_")
    }

    /// Like [`Self::allocate`], the number set off by nothing, as is usual for types.
    pub(super) fn allocate_type(&mut self, wanted: &str) -> String {
        self.joined(wanted, "")
    }

    fn joined(&mut self, wanted: &str, gap: &str) -> String {
        let candidates = (2..).map(|n| format!("{wanted}{gap}{n}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(candidates);
        candidates
            .find(|name| self.taken.insert(name.clone()))
            .unwrap_or_default()
    }
}

/// `b0.fast_K` as `b0_fast_k`: the style of variables and fields in Rust and of everything in Python.
pub(super) fn snake(name: &str) -> String {
    let word: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    legal_start(word.to_lowercase())
}

/// `sfne_block` as `SfneBlock`: the style of types.
pub(super) fn camel(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let word: String = words
        .map(|word| {
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string());
            first.unwrap_or_default() + chars.as_str()
        })
        .collect();
    legal_start(word)
}

fn legal_start(word: String) -> String {
    match word.chars().next() {
        // No letter at all: clippy would ask for a better name.
        Some('_') if !word.contains(char::is_alphabetic) => format!("unnamed{word}"),
        Some(c) if !c.is_numeric() => word,
        _ => format!("n{word}"),
    }
}

/// Words Rust keeps for itself, in any edition up to 2024.
pub(super) const RUST_KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "Self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "_",
];

/// Types the Rust templates define or mention.
pub(super) const RUST_TYPES: &[&str] = &[
    "Affine",
    "Numbers",
    "Rescale",
    "SlowPlane",
    "SlowLine",
    "SlowContext",
    "SlowContextAlpha",
    "SlowContextBeta",
    "SlowContextTrained",
    "SlowSpec",
    "LoadError",
    "Self",
    "Vec",
    "String",
    "Result",
    "Ok",
    "Err",
    "Option",
    "Some",
    "None",
    "Box",
    "From",
    "Into",
    "AsRef",
    "Clone",
    "D",
    "Debug",
    "Default",
    "Module",
    "ModuleStore",
    "Network",
];

/// What every `nn.Module` of PyTorch has.
pub(super) const MODULE_RESERVED: &[&str] = &[
    "T_destination",
    "add_module",
    "apply",
    "bfloat16",
    "buffers",
    "call_super_init",
    "children",
    "compile",
    "cpu",
    "cuda",
    "double",
    "dump_patches",
    "eval",
    "extra_repr",
    "float",
    "forward",
    "get_buffer",
    "get_extra_state",
    "get_parameter",
    "get_submodule",
    "half",
    "ipu",
    "load_state_dict",
    "modules",
    "mtia",
    "named_buffers",
    "named_children",
    "named_modules",
    "named_parameters",
    "parameters",
    "register_backward_hook",
    "register_buffer",
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_full_backward_hook",
    "register_full_backward_pre_hook",
    "register_load_state_dict_post_hook",
    "register_load_state_dict_pre_hook",
    "register_module",
    "register_parameter",
    "register_state_dict_post_hook",
    "register_state_dict_pre_hook",
    "requires_grad_",
    "set_extra_state",
    "set_submodule",
    "share_memory",
    "state_dict",
    "to",
    "to_empty",
    "train",
    "training",
    "type",
    "xpu",
    "zero_grad",
];

/// Words that mean something in the Python template, and Python's keywords.
pub(super) const PYTHON_RESERVED: &[&str] = &[
    "Affine",
    "Numbers",
    "CHECK",
    "CLASSES",
    "F",
    "INPUT",
    "PARAMETERS",
    "Path",
    "Rescale",
    "SlowNet",
    "WEIGHTS",
    "check",
    "depthwise",
    "fresh",
    "load",
    "load_file",
    "math",
    "network",
    "nn",
    "save_file",
    "self",
    "standardize",
    "standardize_batch",
    "standardize_groups",
    "standardize_odd",
    "standardize_instance",
    "standardize_scaled",
    "sys",
    "torch",
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "super",
    "dict",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_legal() {
        let mut names = Names::reserving(RUST_KEYWORDS.iter().copied());
        assert_eq!(names.allocate("type"), "type_2");
        assert_eq!(names.allocate("x"), "x");
        assert_eq!(names.allocate("x_2"), "x_2");
        assert_eq!(names.allocate("x"), "x_3");
        assert_eq!(snake("b0.K"), "b0_k");
        assert_eq!(snake("3d"), "n3d");
        assert_eq!(camel("sfne_block2"), "SfneBlock2");
        assert_eq!(camel("Cifar10"), "Cifar10");
    }
}
