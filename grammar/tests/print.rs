//! Printing loses nothing but spans and plain comments; formatting loses nothing and settles at once.
mod support;

#[test]
fn the_drafts_are_canonical() {
    insta::glob!("data/*.term", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let once = termc_grammar::format(&text)
            .unwrap_or_else(|errors| panic!("{}: {errors:#?}", path.display()));
        for (a, b) in text.lines().zip(once.lines()) {
            assert_eq!(a, b, "{}", path.display());
        }
        assert_eq!(text, once, "{}", path.display());
    });
}
