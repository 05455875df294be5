//! Gives `termc` on Linux with glibc a fixed address. At any other one the loader adds the address to 231,000 pointers at every
//! start, nearly all of tables that only training reads: 2.5 ms. Stack, heap and libraries keep addresses of their own choice.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bin=termc=-no-pie");
    }
}
