//! Words that Rust and emitted Rust keep for themselves.

/// Keywords, those that are kept for later too, and names that every file has.
pub(super) const KEYWORDS: &[&str] = &[
    "Self", "_", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Types that emitted files name, and those of the language's prelude.
pub(super) const TYPES: &[&str] = &[
    "AsMut", "AsRef", "Box", "BTreeMap", "Clone", "Copy", "D", "Debug", "Default", "Display", "Drop", "Err", "Error",
    "ErrorKind", "Fn", "FnMut", "FnOnce", "From", "FromIterator", "Into", "IntoIterator", "Iterator",
    "LoadError", "Loader", "Module", "ModuleMapper", "ModuleStore", "None", "Numbers", "Ok", "Option", "Ord",
    "PartialEq", "PartialOrd", "Path", "Result", "SafetensorsStore", "Send", "Sized", "Some",
    "String", "Sync", "ToOwned", "ToString", "TryFrom", "TryInto", "Unpin", "Vec",
];
