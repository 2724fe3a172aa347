//! Whether a text is an age X25519 recipient: Bech32 (BIP 173) with the prefix `age` and 32 bytes of key.

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The generator of BIP 173's checksum, a BCH code over GF(32).
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// Characters after `age1`: 52 for 32 bytes and 6 of checksum.
pub(crate) const DATA: usize = 58;

/// The shape and the checksum: a mistyped character would lock the package for good.
pub(crate) fn is_recipient(text: &str) -> bool {
    let Some(data) = text.strip_prefix("age1") else { return false };
    let values: Option<Vec<u8>> = data
        .bytes()
        .map(|byte| {
            CHARSET.iter().position(|known| *known == byte).and_then(|at| u8::try_from(at).ok())
        })
        .collect();
    let Some(values) = values.filter(|values| values.len() == DATA) else { return false };
    // 32 bytes are 51.2 characters: the last 4 bits of the 52nd are padding and must be zero.
    if values.get(51).is_none_or(|last| last & 0b1111 != 0) {
        return false;
    }
    let prefix = b"age";
    let expanded =
        prefix.iter().map(|byte| byte >> 5).chain([0]).chain(prefix.iter().map(|byte| byte & 31));
    checksum(expanded.chain(values)) == 1
}

fn checksum(values: impl Iterator<Item = u8>) -> u32 {
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        GENERATOR.iter().enumerate().fold(shifted, |sum, (bit, generator)| {
            if (top >> bit) & 1 == 1 { sum ^ generator } else { sum }
        })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The recipient of the age specification's examples.
    pub(crate) const KNOWN: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn known_recipient_and_every_single_substitution() {
        assert!(is_recipient(KNOWN));
        for at in 4..KNOWN.len() {
            for other in CHARSET {
                let mut bytes = KNOWN.as_bytes().to_vec();
                if bytes[at] != *other {
                    bytes[at] = *other;
                    assert!(
                        !is_recipient(std::str::from_utf8(&bytes).unwrap()),
                        "BIP 173 finds every single error"
                    );
                }
            }
        }
        for wrong in [
            "age1",
            "age1...",
            "",
            &KNOWN.to_uppercase(),
            &KNOWN.replace("age1", "bge1"),
            &format!("{KNOWN}q"),
        ] {
            assert!(!is_recipient(wrong), "{wrong}");
        }
    }
}
