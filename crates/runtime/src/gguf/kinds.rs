//! How numbers are stored: blocks of some elements in some bytes (`ggml.c`, `type_traits`).

/// A storage type of tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TensorKind {
    /// Its number in files.
    pub id: u32,
    /// Its name.
    pub name: &'static str,
    /// Elements per block.
    pub block: u64,
    /// Bytes per block.
    pub bytes: u64,
}

const fn kind(id: u32, name: &'static str, block: u64, bytes: u64) -> TensorKind {
    TensorKind { id, name, block, bytes }
}

static KINDS: [TensorKind; 32] = [
    kind(0, "F32", 1, 4),
    kind(1, "F16", 1, 2),
    kind(2, "Q4_0", 32, 18),
    kind(3, "Q4_1", 32, 20),
    kind(6, "Q5_0", 32, 22),
    kind(7, "Q5_1", 32, 24),
    kind(8, "Q8_0", 32, 34),
    kind(9, "Q8_1", 32, 36),
    kind(10, "Q2_K", 256, 84),
    kind(11, "Q3_K", 256, 110),
    kind(12, "Q4_K", 256, 144),
    kind(13, "Q5_K", 256, 176),
    kind(14, "Q6_K", 256, 210),
    kind(15, "Q8_K", 256, 292),
    kind(16, "IQ2_XXS", 256, 66),
    kind(17, "IQ2_XS", 256, 74),
    kind(18, "IQ3_XXS", 256, 98),
    kind(19, "IQ1_S", 256, 50),
    kind(20, "IQ4_NL", 32, 18),
    kind(21, "IQ3_S", 256, 110),
    kind(22, "IQ2_S", 256, 82),
    kind(23, "IQ4_XS", 256, 136),
    kind(24, "I8", 1, 1),
    kind(25, "I16", 1, 2),
    kind(26, "I32", 1, 4),
    kind(27, "I64", 1, 8),
    kind(28, "F64", 1, 8),
    kind(29, "IQ1_M", 256, 56),
    kind(30, "BF16", 1, 2),
    kind(34, "TQ1_0", 256, 54),
    kind(35, "TQ2_0", 256, 66),
    kind(39, "MXFP4", 32, 17),
];

impl TensorKind {
    /// Single precision.
    pub const F32: Self = kind(0, "F32", 1, 4);
    /// Half precision.
    pub const F16: Self = kind(1, "F16", 1, 2);

    /// The type of a number in a file.
    pub fn of(id: u32) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.id == id)
    }

    /// Bytes of a tensor; `None` when its rows are no whole blocks or the number is out of range.
    pub fn size(self, dims: &[u64]) -> Option<u64> {
        let row = *dims.first()?;
        if !row.is_multiple_of(self.block) {
            return None;
        }
        let elements = dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))?;
        elements.checked_div(self.block)?.checked_mul(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_blocks() {
        let q4 = TensorKind::of(3).unwrap();
        assert_eq!((q4.name, q4.size(&[64, 3])), ("Q4_1", Some(120)));
        assert_eq!(q4.size(&[33, 3]), None);
        assert_eq!(TensorKind::F32.size(&[u64::MAX, 2]), None);
        assert_eq!(TensorKind::of(4), None);
        assert!(KINDS.is_sorted_by_key(|kind| kind.id));
    }
}
