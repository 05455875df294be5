# Sourced by the scripts beside it: cargo for targets whose libraries rustc does not bring along.
#
#     prepare TARGET CRATES    finds a toolchain; CRATES are what to build of the standard library where it must be built
#     for_target ARGUMENTS     runs cargo for that target
#     linker                   an array: the linker for WebAssembly
#
# `rustup target add` is the way. Where it has nothing to download from, Debian's packages rustc-web and rust-web-src are
# unpacked below target/, installed nowhere, and the standard library is built from its source. TERMC_RUST=debian takes
# the second way though the first is open.

say() { printf '%s\n' "$*" >&2; }

prepare() {
  target=$1
  if [ "${TERMC_RUST:-}" != debian ] && command -v rustup >/dev/null && rustup target add "$target" >&2; then
    local host sysroot
    host=$(rustc -vV | sed -n 's/^host: //p')
    sysroot=$(rustc --print sysroot)
    cargo=(cargo)
    linker=("$sysroot/lib/rustlib/$host/bin/rust-lld" -flavor wasm)
  elif command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    say "taking the toolchain for $target from Debian's packages"
    debian "$2"
  else
    say "error: no standard library for $target"
    say "help: install Rust with rustup, which downloads it, or run this on Debian, whose packages have it"
    return 1
  fi
}

for_target() {
  "${cargo[@]}" "$1" --release --locked --target "$target" "${@:2}"
}

debian() {
  local root="$PWD/target/debian-rust" deb
  if [ ! -x "$root/usr/bin/rustc" ]; then
    rm -rf "$root.new"
    mkdir -p "$root.new/debs/partial"
    apt-get update -qq >&2
    apt-get install -qq --yes --no-install-recommends --download-only -o Debug::NoLocking=true \
      -o Dir::Cache::archives="$root.new/debs" rustc-web rust-web-src lld-22 >&2
    for deb in "$root.new"/debs/*.deb; do
      dpkg-deb --extract "$deb" "$root.new"
    done
    rm -r "$root.new/debs"
    mv "$root.new" "$root"
  fi
  local libraries
  libraries=$(echo "$root"/usr/lib/*-linux-gnu)
  # Cargo builds parts of the standard library only for a compiler that takes unstable options.
  cargo=(env "RUSTC=$root/usr/bin/rustc" RUSTC_BOOTSTRAP=1 "LD_LIBRARY_PATH=$libraries"
    "CARGO_TARGET_DIR=$PWD/target/debian" "CARGO_UNSTABLE_BUILD_STD=$1" cargo)
  linker=(env "LD_LIBRARY_PATH=$libraries" "$root/usr/bin/wasm-ld-22")
}
