//! Gives `termc` a fixed address on Linux with glibc, where it is linked dynamically. In a program that may lie anywhere the loader
//! adds its address to 231,000 pointers at every start, nearly all in tables of Burn's GPU backends: 2.5 ms. Stack, heap and
//! libraries lie at random addresses as before.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_static = target("FEATURE").split(',').any(|f| f == "crt-static");
    if target("OS") == "linux" && target("ENV") == "gnu" && !is_static {
        println!("cargo:rustc-link-arg-bin=termc=-no-pie");
    }
}
