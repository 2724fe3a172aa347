//! Finds personal data in Chinese and English text.
//!
//! ```text
//! text ─▶ one byte a character ─▶ one pass over letters, digits, `@`, `:` ─▶ candidates ─▶ checksum, context ─┐
//!      └▶ words that announce a type (one automaton) ─▶ what stands behind them ─────────────────────────────┼▶ best of overlaps
//!      └▶ names, places, organisations, addresses ───────────────────────────────────────────────────────────┘
//! ```
//!
//! Patterns read a view with one byte a character, in which full-width forms are ASCII, so an index is a Unicode character
//! offset. A finding holds its place, type, score and reasons, never the text.

mod assigned;
mod checksum;
mod context;
mod custom;
mod finding;
mod keyed;
mod links;
mod medical;
mod names;
mod network;
mod normal;
mod numbers;
pub mod quality;
mod regions;
mod words;

pub(crate) use checksum::{credit_code_check, resident_check};
pub(crate) use context::begins;
pub use custom::CustomType;
pub(crate) use finding::unite;
pub use finding::{Finding, Kind, Why};
#[cfg(feature = "train")]
pub use names::train;
pub(crate) use names::{TITLES, TITLES_ZH, ends_name, family_name, is_word};
pub(crate) use network::findings;
pub use network::{NameModel, Named};
pub(crate) use normal::{digit, numeral};
pub(crate) use numbers::mobile;
pub(crate) use regions::counties;

use custom::Custom;
use ingot_base::spelling;
use ingot_base::{Lang, Result, fault};
use keyed::Keyed;
use normal::{HAN, Shown, Text};
use numbers::Chain;
use std::collections::BTreeSet;

/// Characters that show nothing by themselves, accents beside their letter too.
pub(crate) fn invisible(letter: char) -> bool {
    spelling::accent(letter) || spelling::invisible(letter)
}

/// What to look for.
#[derive(Debug, Clone)]
pub struct DetectConfig {
    /// Languages of names, places, organisations and addresses.
    pub languages: Vec<Lang>,
    /// Types to report; all of our own when empty. User-defined types are always reported.
    pub types: Vec<Kind>,
    /// User-defined types.
    pub custom: Vec<CustomType>,
    /// Findings below this score are dropped.
    pub min_score: f32,
}

impl Default for DetectConfig {
    fn default() -> Self {
        Self {
            languages: vec![Lang::Zh, Lang::En],
            types: Vec::new(),
            custom: Vec::new(),
            min_score: 0.5,
        }
    }
}

/// A prepared detector; cheap to share between threads.
#[derive(Debug)]
pub struct Detector {
    keyed: Keyed,
    custom: Vec<Custom>,
    types: BTreeSet<Kind>,
    zh: bool,
    en: bool,
    min_score: f32,
}

impl Detector {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// When a user-defined type has an invalid expression, an unknown checksum, or nothing to match.
    pub fn new(config: DetectConfig) -> Result<Self> {
        let keyed = Keyed::new().map_err(|error| {
            fault::internal("a pattern of the detector does not compile").because(error)
        })?;
        let custom = config.custom.iter().map(Custom::new).collect::<Result<_>>()?;
        let types = if config.types.is_empty() {
            Kind::ALL.into_iter().collect()
        } else {
            config.types.into_iter().collect::<BTreeSet<_>>()
        };
        let named = types.iter().any(Kind::is_named);
        Ok(Self {
            keyed,
            custom,
            zh: named && config.languages.contains(&Lang::Zh),
            en: named && config.languages.contains(&Lang::En),
            types,
            min_score: config.min_score,
        })
    }

    /// Every finding of a text, in order, none overlapping another.
    pub fn detect(&self, raw: &str) -> Vec<Finding> {
        let mut found = self.candidates(&Text::new(raw));
        // Besides, not instead: a form may space its labels and names.
        if let Some(closed) = Shown::closed(raw) {
            let again = self.candidates(&Text::new(closed.text()));
            found.extend(again.into_iter().filter_map(|finding| closed.back(finding)));
        }
        // Besides, not instead: what shows nothing may part words, and a circled digit may number a line.
        if let Some(shown) = Shown::of(raw) {
            let again = self.candidates(&Text::new(shown.text()));
            found.extend(again.into_iter().filter_map(|finding| shown.back(finding)));
        }
        // Besides, not instead: a format of a program has signs of percent, too. No names, which a query spells otherwise.
        if let Some(shown) = Shown::decoded(raw) {
            let mut again = Vec::new();
            scan(&Text::new(shown.text()), &mut again);
            again.retain(|finding| matches!(finding.kind, Kind::Email | Kind::Phone));
            found.extend(again.into_iter().filter_map(|finding| shown.back(finding)));
        }
        found.retain(|finding| self.wants(finding));
        finding::resolve(found)
    }

    fn candidates(&self, text: &Text<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        scan(text, &mut found);
        self.keyed.find(text, &mut found);
        for custom in &self.custom {
            custom.find(text, &mut found);
        }
        if self.zh || self.en {
            names::find(text, (self.zh, self.en), &mut found);
            self.keyed.births(text, &mut found);
            finding::free_numbers(&mut found);
        }
        found
    }

    /// Whether a finding is of a type that was asked for, and certain enough.
    pub(crate) fn wants(&self, finding: &Finding) -> bool {
        finding.score >= self.min_score
            && (matches!(finding.kind, Kind::Custom(_)) || self.types.contains(&finding.kind))
    }

    /// Findings of every line of a text, line numbers from 0, offsets within the line; lines are read in parallel.
    pub fn scan_lines(&self, raw: &str) -> Vec<(usize, Finding)> {
        use rayon::prelude::*;
        let lines: Vec<&str> = raw.lines().collect();
        lines
            .par_iter()
            .enumerate()
            .with_min_len(64)
            .flat_map_iter(|(row, line)| {
                self.detect(line).into_iter().map(move |finding| (row, finding))
            })
            .collect()
    }
}

/// Whether a title, lower case, has a word that announces something to the detector: one of a label begins a word of it, one that may stand
/// near a number is a word of it. Coordinates are not among what they announce, since `lat` begins `latency`; nor telephones by the words that
/// may stand near one in a text: `number`, `office`, `号码`.
pub(crate) fn announces(title: &str) -> bool {
    use context::{ACCOUNT, BANK, CODE, CREDIT, ID, IMEI, PHONE_KEYS, SSN, TAIWAN};
    let near = [PHONE_KEYS, ID, BANK, ACCOUNT, CREDIT, SSN, CODE, TAIWAN, IMEI];
    keyed::titles().any(|word| context::begins(title, word))
        || near.into_iter().flatten().any(|word| context::holds(title, word))
}

/// What to do at a byte of the view.
const SKIP: u8 = 0;
const ALPHA: u8 = 1;
const DIGIT: u8 = 2;
const AT: u8 = 3;
const COLON: u8 = 4;
const DASH: u8 = 5;
const IDEOGRAPH: u8 = 6;

const CLASSES: [u8; 256] = {
    let mut table = [SKIP; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let class = if byte.is_ascii_digit() {
            DIGIT
        } else if byte.is_ascii_alphabetic() {
            ALPHA
        } else {
            SKIP
        };
        table[byte as usize] = class;
        byte += 1;
    }
    table[b'@' as usize] = AT;
    table[b':' as usize] = COLON;
    table[b'-' as usize] = DASH;
    table[HAN as usize] = IDEOGRAPH;
    table
};

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(SKIP)
}

/// The one pass over the view.
fn scan(text: &Text<'_>, found: &mut Vec<Finding>) {
    let view = text.view();
    let mut chain = Chain::default();
    let mut chained = 0;
    let mut at = 0;
    while let Some(byte) = view.get(at) {
        match class(*byte) {
            ALPHA | DIGIT => {
                let start = at;
                let mut digits = 0_usize;
                while let Some(byte) = view.get(at) {
                    match class(*byte) {
                        ALPHA => {}
                        DIGIT => digits += 1,
                        _ => break,
                    }
                    at += 1;
                }
                run(text, (start, at), digits, &mut chain, &mut chained, found);
            }
            AT => {
                found.extend(links::email(text, at));
                at += 1;
            }
            COLON => {
                if text.bytes(at + 1, at + 3) == b"//" {
                    found.extend(links::url(text, at));
                }
                at += 1;
            }
            DASH => {
                if text.at(at + 1) == b'-' && text.bytes(at, at + 11) == b"-----BEGIN " {
                    found.extend(links::private_key(text, at));
                }
                at += 1;
            }
            IDEOGRAPH => {
                let next = text.at(at + 1);
                if next.is_ascii_uppercase() {
                    found.extend(words::plate(text, at));
                } else if next.is_ascii_digit() {
                    found.extend(words::embassy(text, at));
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// One run of letters and digits.
fn run(
    text: &Text<'_>,
    (start, end): (usize, usize),
    digits: usize,
    chain: &mut Chain,
    chained: &mut usize,
    found: &mut Vec<Finding>,
) {
    let length = end - start;
    if digits == 0 {
        if length == 3
            && text.at(end) == b'.'
            && text.bytes(start, end).eq_ignore_ascii_case(b"www")
        {
            found.extend(links::www(text, start));
        } else if length < 5 || text.at(end) == b'_' || text.at(end) == b'-' {
            // Hexadecimal groups and key prefixes may have no digit in their first run.
            let colon = text.at(end) == b':' || text.at(end) == b'.';
            if length >= 2 && (matches!(text.at(end), b'_' | b'-') || colon) {
                words::classify(text, (start, end), found);
            }
        } else if length >= 16 {
            words::classify(text, (start, end), found);
        }
        return;
    }
    if length < 18 && matches!(text.at(end), b' ' | b'-') {
        found.extend(words::grouped_code(text, (start, end)));
    }
    let lead = text.bytes(start, end).iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let tail = length - lead;
    let crossed = digits == 17 && tail == 18 && text.before(end).eq_ignore_ascii_case(&b'X');
    if (digits == tail || crossed) && lead > 0
        || lead == 0 && digits == length
        || lead == 0 && digits + 1 == length
    {
        // Letters then digits or a resident number with its X, digits alone, or digits and one letter (such an X too).
        let from = start + lead;
        if from >= *chained {
            let long = lead == 0 || digits == 11 || digits == 17 || digits == 18;
            if long {
                *chained = chain.read(text, from);
                chain.classify(text, found);
                if text.at(from) != b'0' || digits < 4 {
                    let sign = from - usize::from(text.before(from) == b'-');
                    found.extend(keyed::pair(text, sign));
                }
            }
        }
    }
    if digits < length
        || text.at(end) == b':'
        || text.at(end) == b'-'
        || length == 18
        || length >= 25
    {
        words::classify(text, (start, end), found);
    }
}
