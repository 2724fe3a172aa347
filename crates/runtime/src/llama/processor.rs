//! Whether this processor has what llama.cpp was built for: an instruction that it does not know would end the program without a word.

use crate::messages::LLAMA_PROCESSOR;
use ingot_base::{Fault, Result};

/// A feature, whether the build asked for it (scripts/env.sh sets llama.cpp's own names), and whether it is there.
type Feature = (&'static str, bool, bool);

#[cfg(target_arch = "x86_64")]
fn features() -> [Feature; 8] {
    use std::arch::is_x86_feature_detected as there;
    [
        // What every build of ours counts on; one with `GGML_AVX2=OFF` and the like is not supported, and refused where it could run.
        ("AVX2", true, there!("avx2")),
        ("FMA", true, there!("fma")),
        ("F16C", true, there!("f16c")),
        ("BMI2", true, there!("bmi2")),
        ("AVX-512", asked(option_env!("GGML_AVX512")), there!("avx512vl")),
        ("AVX-512 VBMI", asked(option_env!("GGML_AVX512_VBMI")), there!("avx512vbmi")),
        ("AVX-512 VNNI", asked(option_env!("GGML_AVX512_VNNI")), there!("avx512vnni")),
        ("AVX-512 BF16", asked(option_env!("GGML_AVX512_BF16")), there!("avx512bf16")),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> [Feature; 0] {
    []
}

/// Whether a switch of llama.cpp's build was on, as `CMake` reads it: `ON`, `1`, `TRUE` and `YES` in letters of any case. Only what
/// is certainly off counts as off.
#[cfg(target_arch = "x86_64")]
fn asked(switch: Option<&str>) -> bool {
    const OFF: [&str; 6] = ["", "0", "OFF", "NO", "FALSE", "N"];
    switch.is_some_and(|switch| !OFF.iter().any(|off| switch.eq_ignore_ascii_case(off)))
}

/// Refuses a processor without a feature that the build counts on.
pub(super) fn check() -> Result<()> {
    lacking(&features())
        .map_or(Ok(()), |feature| Err(Fault::new(&LLAMA_PROCESSOR).arg("feature", feature)))
}

fn lacking(features: &[Feature]) -> Option<&'static str> {
    features.iter().find(|(_, built, there)| *built && !there).map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_switch_is_on_however_cmake_is_told_so() {
        for switch in ["ON", "on", "On", "1", "TRUE", "true", "YES", "y", "2"] {
            assert!(asked(Some(switch)), "{switch}");
        }
        for switch in ["", "0", "OFF", "off", "NO", "no", "FALSE", "False", "N", "n"] {
            assert!(!asked(Some(switch)), "{switch}");
        }
        assert!(!asked(None));
    }

    #[test]
    fn only_what_was_built_for_can_be_lacking() {
        assert_eq!(lacking(&[("a", true, true), ("b", false, false)]), None);
        assert_eq!(lacking(&[("a", true, true), ("b", true, false)]), Some("b"));
        check().unwrap();
    }
}
