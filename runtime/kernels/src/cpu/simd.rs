//! Run-time choice of instruction set: which one this machine has, a macro that compiles a loop for each, and the
//! vector type the matrix product is written with. No kernels here.

use std::sync::OnceLock;

/// The instruction sets kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 512-bit vectors (x86-64-v4).
    V4,
    /// 256-bit vectors with fused multiply-add (x86-64-v3).
    V3,
    /// Whatever the target always has.
    Base,
}

impl Level {
    /// Values of a register.
    pub const fn lanes(self) -> usize {
        match self {
            Self::V4 => 16,
            Self::V3 => 8,
            Self::Base => 4,
        }
    }

    /// Rows of the matrix product's register tile, which is two registers wide: with operands as many as there are registers.
    pub const fn tile_rows(self) -> usize {
        match self {
            Self::V4 => 12,
            Self::V3 => 6,
            Self::Base => 4,
        }
    }

    /// Columns of that tile.
    pub const fn tile_columns(self) -> usize {
        2 * self.lanes()
    }
}

/// The best level of this machine; the same for the whole run. `TERMC_SIMD=v3|base` lowers it, for tests.
///
/// # Panics
/// If the variable has another value.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let asked = std::env::var("TERMC_SIMD").unwrap_or_default();
        match (detect(), asked.as_str()) {
            (_, "base") => Level::Base,
            (Level::V4, "v3") => Level::V3,
            (found, "" | "v3" | "v4") => found,
            (_, other) => unreachable!("TERMC_SIMD is `v4`, `v3` or `base`, not `{other}`"),
        }
    })
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let v3 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let v4 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (v3, v4) {
        (true, true) => Level::V4,
        (true, false) => Level::V3,
        _ => Level::Base,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Base
}

/// Declares functions whose bodies are compiled once per [`Level`] and chosen at run time. The bodies are ordinary
/// loops over slices that the compiler vectorises; they should call only `#[inline(always)]` functions.
macro_rules! multiversion {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block)*) => {$(
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "loops over several slices")]
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(clippy::too_many_arguments, reason = "loops over several slices")]
            fn body($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "loops over several slices")]
                fn v4($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "loops over several slices")]
                fn v3($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                match $crate::cpu::simd::level() {
                    // SAFETY: the level is only reported when the processor has these features.
                    $crate::cpu::simd::Level::V4 => return unsafe { v4($($arg),*) },
                    // SAFETY: as above.
                    $crate::cpu::simd::Level::V3 => return unsafe { v3($($arg),*) },
                    $crate::cpu::simd::Level::Base => {}
                }
            }
            body($($arg),*)
        }
    )*};
}
pub(crate) use multiversion;

/// Declares a function that calls the given one with the [`Vector`] type of the level, compiled for that level.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $body:ident($($arg:ident: $ty:ty),* $(,)?)) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "the coordinates of a block")]
        $vis fn $name($($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "the coordinates of a block")]
                fn v4($($arg: $ty),*) {
                    $body::<$crate::cpu::simd::V4>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "the coordinates of a block")]
                fn v3($($arg: $ty),*) {
                    $body::<$crate::cpu::simd::V3>($($arg),*)
                }
                match $crate::cpu::simd::level() {
                    // SAFETY: the level is only reported when the processor has these features.
                    $crate::cpu::simd::Level::V4 => return unsafe { v4($($arg),*) },
                    // SAFETY: as above.
                    $crate::cpu::simd::Level::V3 => return unsafe { v3($($arg),*) },
                    $crate::cpu::simd::Level::Base => {}
                }
            }
            $body::<$crate::cpu::simd::Base>($($arg),*)
        }
    };
}
pub(crate) use vectorised;

/// Most lanes of any level; buffers padded to it can be read whole vectors at a time.
pub const MAX_LANES: usize = Level::V4.lanes();

/// A register of float32 values.
pub trait Vector: Copy {
    /// Values per register.
    const LANES: usize;

    /// All lanes `x`.
    fn splat(x: f32) -> Self;

    /// Reads `LANES` values.
    ///
    /// # Safety
    /// `LANES` values can be read at `p`.
    unsafe fn load(p: *const f32) -> Self;

    /// Writes `LANES` values.
    ///
    /// # Safety
    /// `LANES` values can be written at `p`.
    unsafe fn store(self, p: *mut f32);

    /// Reads `count` values, at most `LANES`; the other lanes are 0.
    ///
    /// # Safety
    /// `count` values can be read at `p`.
    #[inline(always)]
    unsafe fn load_first(p: *const f32, count: usize) -> Self {
        let mut line = [0.0; MAX_LANES];
        // SAFETY: the caller vouches for the values; the line holds a whole vector.
        unsafe {
            line[..count].copy_from_slice(std::slice::from_raw_parts(p, count));
            Self::load(line.as_ptr())
        }
    }

    /// Writes the first `count` values, at most `LANES`.
    ///
    /// # Safety
    /// `count` values can be written at `p`.
    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, count: usize) {
        let mut line = [0.0; MAX_LANES];
        // SAFETY: the line holds a whole vector; the caller vouches for the values.
        unsafe {
            self.store(line.as_mut_ptr());
            std::slice::from_raw_parts_mut(p, count).copy_from_slice(&line[..count]);
        }
    }

    /// `self + a * b`.
    fn add_product(self, a: Self, b: Self) -> Self;
}

/// Four values, on any target; product and sum are rounded separately.
#[derive(Clone, Copy)]
pub struct Base([f32; 4]);

impl Vector for Base {
    const LANES: usize = Level::Base.lanes();

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; 4])
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for four readable values.
        Self(unsafe { p.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller vouches for four writable values.
        unsafe { p.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + a.0[i] * b.0[i]))
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{V3, V4};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Level, Vector};
    use std::arch::x86_64::*;

    macro_rules! vector {
        ($(#[$doc:meta])* $name:ident, $inner:ty, $level:expr, $splat:ident, $load:ident, $store:ident, $fma:ident $(, $part:item)*) => {
            $(#[$doc])*
            #[derive(Clone, Copy)]
            pub struct $name($inner);

            impl Vector for $name {
                const LANES: usize = $level.lanes();

                #[inline(always)]
                fn splat(x: f32) -> Self {
                    // SAFETY: only used inside functions compiled for, and chosen on, machines with the feature.
                    Self(unsafe { $splat(x) })
                }

                #[inline(always)]
                unsafe fn load(p: *const f32) -> Self {
                    // SAFETY: the caller vouches for the memory, the use for the feature.
                    Self(unsafe { $load(p) })
                }

                #[inline(always)]
                unsafe fn store(self, p: *mut f32) {
                    // SAFETY: the caller vouches for the memory, the use for the feature.
                    unsafe { $store(p, self.0) }
                }

                #[inline(always)]
                fn add_product(self, a: Self, b: Self) -> Self {
                    // SAFETY: only used where the feature exists.
                    Self(unsafe { $fma(a.0, b.0, self.0) })
                }

                $($part)*
            }
        };
    }

    /// The first `count` of sixteen lanes.
    #[inline(always)]
    fn first(count: usize) -> __mmask16 {
        (((1u32 << count) - 1) & 0xffff) as __mmask16
    }

    vector!(
        /// Sixteen values; needs AVX-512F.
        V4, __m512, Level::V4, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps,
        #[inline(always)]
        unsafe fn load_first(p: *const f32, count: usize) -> Self {
            // SAFETY: lanes outside the mask are not read; the use vouches for the feature.
            Self(unsafe { _mm512_maskz_loadu_ps(first(count), p) })
        },
        #[inline(always)]
        unsafe fn store_first(self, p: *mut f32, count: usize) {
            // SAFETY: lanes outside the mask are not written; the use vouches for the feature.
            unsafe { _mm512_mask_storeu_ps(p, first(count), self.0) }
        }
    );
    vector!(
        /// Eight values; needs AVX2 and FMA.
        V3, __m256, Level::V3, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps
    );
}
