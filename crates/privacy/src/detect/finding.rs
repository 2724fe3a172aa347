//! What the detector answers.

use std::sync::Arc;

/// The type of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A person's name.
    Person,
    /// A country, city or region.
    Place,
    /// A company, school, hospital, authority.
    Organization,
    /// A postal address.
    Address,
    /// Chinese resident identity number (GB 11643), 18 or 15 characters.
    ResidentId,
    /// Unified social credit code (GB 32100).
    CreditCode,
    /// Mobile or fixed telephone.
    Phone,
    /// Chinese bank card.
    BankCard,
    /// Credit card of an international scheme.
    CreditCard,
    /// Passport number.
    Passport,
    /// Chinese vehicle plate.
    Plate,
    /// E-mail address.
    Email,
    /// Web address.
    Url,
    /// IPv4 or IPv6 address.
    Ip,
    /// Hardware address.
    Mac,
    /// Date of birth.
    BirthDate,
    /// `WeChat` account.
    Wechat,
    /// QQ account.
    Qq,
    /// International bank account number.
    Iban,
    /// United States social security number.
    Ssn,
    /// Driving licence, US or UK.
    DriverLicence,
    /// Cryptocurrency address.
    Crypto,
    /// API key, private key, token, or password in a connection string.
    Secret,
    /// Geographic coordinates.
    Gps,
    /// Number of a patient's record, visit or insurance, or of who treats: MRN, NHS number, Medicare (MBI), NPI, 住院号, 医保卡号.
    MedicalId,
    /// A type of the user's.
    Custom(Arc<str>),
}

impl Kind {
    /// Every type of our own.
    pub const ALL: [Self; 25] = [
        Self::Person,
        Self::Place,
        Self::Organization,
        Self::Address,
        Self::ResidentId,
        Self::CreditCode,
        Self::Phone,
        Self::BankCard,
        Self::CreditCard,
        Self::Passport,
        Self::Plate,
        Self::Email,
        Self::Url,
        Self::Ip,
        Self::Mac,
        Self::BirthDate,
        Self::Wechat,
        Self::Qq,
        Self::Iban,
        Self::Ssn,
        Self::DriverLicence,
        Self::Crypto,
        Self::Secret,
        Self::Gps,
        Self::MedicalId,
    ];

    /// The name in recipes and findings.
    pub fn name(&self) -> &str {
        match self {
            Self::Person => "person",
            Self::Place => "place",
            Self::Organization => "organization",
            Self::Address => "address",
            Self::ResidentId => "cn_id",
            Self::CreditCode => "cn_uscc",
            Self::Phone => "phone",
            Self::BankCard => "bank_card",
            Self::CreditCard => "credit_card",
            Self::Passport => "passport",
            Self::Plate => "plate",
            Self::Email => "email",
            Self::Url => "url",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::BirthDate => "birth_date",
            Self::Wechat => "wechat",
            Self::Qq => "qq",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::DriverLicence => "driver_licence",
            Self::Crypto => "crypto",
            Self::Secret => "secret",
            Self::Gps => "gps",
            Self::MedicalId => "medical_id",
            Self::Custom(name) => name,
        }
    }

    /// A type of our own by name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Types that the name models find rather than patterns.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self, Self::Person | Self::Place | Self::Organization | Self::Address)
    }
}

/// One reason for a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The shape matched; which one.
    Pattern(&'static str),
    /// A check digit is right; whose.
    Checksum(&'static str),
    /// A word nearby says so.
    Context(String),
    /// The name model.
    Model,
    /// The model that was plugged in.
    Network,
    /// A known name.
    Dictionary,
    /// A protected column of the same row has this value; which one.
    Column(Arc<str>),
    /// A name that was found elsewhere in the same text or row.
    Repeated,
}

impl Why {
    /// `pattern:email`, `checksum:luhn`, `context:手机`, `model`, `network`, `dictionary`, `column:phone`, `repeated`.
    pub fn text(&self) -> String {
        match self {
            Self::Pattern(name) => format!("pattern:{name}"),
            Self::Checksum(name) => format!("checksum:{name}"),
            Self::Context(word) => format!("context:{word}"),
            Self::Model => "model".to_owned(),
            Self::Network => "network".to_owned(),
            Self::Dictionary => "dictionary".to_owned(),
            Self::Column(name) => format!("column:{name}"),
            Self::Repeated => "repeated".to_owned(),
        }
    }
}

/// Personal data at a place in a text. It holds no part of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The type.
    pub kind: Kind,
    /// First character, counted in Unicode scalar values.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// Confidence, 0 to 1.
    pub score: f32,
    /// The reasons, strongest first.
    pub why: Vec<Why>,
}

impl Finding {
    pub(crate) fn new(kind: Kind, span: (usize, usize), score: f32, why: Vec<Why>) -> Self {
        Self { kind, start: span.0, end: span.1, score, why }
    }

    pub(crate) fn is_of_column(&self) -> bool {
        self.why.iter().any(|why| matches!(why, Why::Column(_)))
    }
}

/// Findings of which none may be lost, because each hides what another would leave in clear: those that overlap become one, over all
/// that they cover together and of the longest's type; among equally long ones the surest, among these what a column says. Sorted by place.
pub(crate) fn unite(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by_key(|finding| (finding.start, finding.end));
    let mut united: Vec<(Finding, usize, usize)> = Vec::new();
    for finding in found {
        let (start, end) = (finding.start, finding.end);
        match united.last_mut() {
            Some((best, _, last)) if start < *last => {
                *last = end.max(*last);
                let longer = (end - start).cmp(&(best.end - best.start));
                let surer = finding.score.total_cmp(&best.score);
                let known = finding.is_of_column().cmp(&best.is_of_column());
                let mut other = finding;
                if longer.then(surer).then(known).is_gt() {
                    std::mem::swap(best, &mut other);
                }
                // What a column of the row says is known of the whole place.
                for why in other.why {
                    if matches!(why, Why::Column(_)) && !best.why.contains(&why) {
                        best.why.push(why);
                    }
                }
            }
            _ => united.push((finding, start, end)),
        }
    }
    united.into_iter().map(|(best, start, end)| Finding { start, end, ..best }).collect()
}

/// Cuts organisations off where a number begins or ends that they hold only a part of: an organisation that won would leave the other part
/// in clear.
pub(crate) fn free_numbers(found: &mut Vec<Finding>) {
    let spans = found.iter().filter(|one| !one.kind.is_named() && one.score >= 0.5);
    let mut numbers: Vec<(usize, usize)> = spans.map(|one| (one.start, one.end)).collect();
    if numbers.is_empty() {
        return;
    }
    numbers.sort_unstable();
    // Those that overlap are cut off together, so that each ends behind the one before it.
    numbers.dedup_by(|next, last| {
        let overlap = next.0 < last.1;
        last.1 = if overlap { last.1.max(next.1) } else { last.1 };
        overlap
    });
    let around = |at: usize| {
        let one = numbers.get(numbers.partition_point(|(_, end)| *end <= at));
        one.copied().filter(|(start, _)| *start < at)
    };
    for one in found.iter_mut().filter(|one| one.kind == Kind::Organization) {
        if let Some((_, end)) = around(one.start) {
            one.start = end;
        }
        if let Some((start, _)) = around(one.end) {
            one.end = start;
        }
    }
    found.retain(|one| one.start < one.end);
}

/// Places in a text, each with the farthest end of those that begin no later: what reaches behind an index is looked up, however many
/// there are.
#[derive(Debug)]
pub(crate) struct Reach(Vec<(usize, usize)>);

impl Reach {
    pub(crate) fn of(mut spans: Vec<(usize, usize)>) -> Self {
        spans.sort_unstable();
        let mut last = 0;
        for (_, end) in &mut spans {
            last = last.max(*end);
            *end = last;
        }
        Self(spans)
    }

    /// The farthest end of those that begin before an index; 0 where none does.
    pub(crate) fn before(&self, at: usize) -> usize {
        let begun = self.0.partition_point(|(start, _)| *start < at);
        begun.checked_sub(1).and_then(|last| self.0.get(last)).map_or(0, |one| one.1)
    }
}

/// Leaves out what stands within a longer secret: `app:S3cr3t@db.example.com` holds an address of e-mail only by its looks, and hiding that
/// alone leaves the rest of the secret in clear.
fn enclose(found: &mut Vec<Finding>) {
    let secrets = found.iter().filter(|one| one.kind == Kind::Secret);
    let secrets: Vec<(usize, usize)> = secrets.map(|one| (one.start, one.end)).collect();
    if secrets.is_empty() {
        return;
    }
    let reach = Reach::of(secrets);
    found.retain(|one| {
        let before = reach.before(one.start);
        let within = reach.before(one.start + 1);
        one.kind == Kind::Secret || before < one.end && within <= one.end
    });
}

/// Keeps the best of overlapping findings: secrets before what they enclose, then higher score, then longer, then earlier. Sorted by place.
pub(crate) fn resolve(mut found: Vec<Finding>) -> Vec<Finding> {
    enclose(&mut found);
    found.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then((b.end - b.start).cmp(&(a.end - a.start)))
            .then(a.start.cmp(&b.start))
            .then(a.kind.cmp(&b.kind))
    });
    let mut taken = std::collections::BTreeMap::<usize, usize>::new();
    found.retain(|finding| {
        let clear =
            taken.range(..finding.end).next_back().is_none_or(|(_, end)| *end <= finding.start);
        if clear {
            taken.insert(finding.start, finding.end);
        }
        clear
    });
    found.sort_by_key(|finding| finding.start);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn united(spans: &[(Kind, usize, usize, f32)]) -> Vec<(Kind, usize, usize)> {
        let found = spans.iter().map(|(kind, start, end, score)| {
            Finding::new(kind.clone(), (*start, *end), *score, vec![Why::Model])
        });
        unite(found.collect()).into_iter().map(|one| (one.kind, one.start, one.end)).collect()
    }

    #[test]
    fn nothing_that_was_found_is_left_when_findings_are_united() {
        use Kind::{Address, Email, Person, Phone};
        // A part of a longer one, whatever its score; the same place twice; two that only touch.
        assert_eq!(united(&[(Email, 3, 20, 0.9), (Person, 3, 9, 1.0)]), [(Email, 3, 20)]);
        assert_eq!(united(&[(Phone, 0, 9, 0.9), (Person, 0, 9, 1.0)]), [(Person, 0, 9)]);
        assert_eq!(
            united(&[(Phone, 5, 9, 1.0), (Person, 0, 5, 1.0)]),
            [(Person, 0, 5), (Phone, 5, 9)]
        );
        // Each begins in the one before: all three are one place, of the longest's type.
        assert_eq!(
            united(&[(Person, 0, 4, 1.0), (Address, 2, 12, 0.6), (Phone, 11, 14, 1.0)]),
            [(Address, 0, 14)]
        );
    }

    #[test]
    fn a_secret_that_encloses_another_finding_wins() {
        use Kind::{Email, Secret, Url};
        let best = |spans: &[(Kind, usize, usize, f32)]| -> Vec<(Kind, usize, usize)> {
            let one = |(kind, start, end, score): &(Kind, usize, usize, f32)| {
                Finding::new(kind.clone(), (*start, *end), *score, vec![Why::Model])
            };
            let found = resolve(spans.iter().map(one).collect());
            found.into_iter().map(|one| (one.kind, one.start, one.end)).collect()
        };
        assert_eq!(best(&[(Email, 5, 20, 0.97), (Secret, 0, 30, 0.8)]), [(Secret, 0, 30)]);
        assert_eq!(best(&[(Email, 5, 20, 0.97), (Secret, 5, 21, 0.8)]), [(Secret, 5, 21)]);
        assert_eq!(best(&[(Email, 5, 20, 0.97), (Secret, 4, 20, 0.8)]), [(Secret, 4, 20)]);
        let longest = [(Secret, 0, 30, 0.8), (Secret, 2, 4, 0.7), (Email, 5, 20, 0.97)];
        assert_eq!(best(&longest), [(Secret, 0, 30)]);
        // As long as the other, or only beside it: the surer.
        assert_eq!(best(&[(Email, 5, 20, 0.97), (Secret, 5, 20, 0.8)]), [(Email, 5, 20)]);
        assert_eq!(best(&[(Email, 5, 20, 0.97), (Secret, 8, 30, 0.8)]), [(Email, 5, 20)]);
        assert_eq!(best(&[(Url, 0, 30, 0.9), (Secret, 5, 9, 0.8)]), [(Url, 0, 30)]);
    }

    fn freed(organization: (usize, usize), numbers: &[(usize, usize)]) -> Option<(usize, usize)> {
        let of = |kind, span| Finding::new(kind, span, 0.9, vec![Why::Model]);
        let mut found: Vec<Finding> = numbers.iter().map(|span| of(Kind::Phone, *span)).collect();
        found.push(of(Kind::Organization, organization));
        free_numbers(&mut found);
        let left = found.into_iter().find(|one| one.kind == Kind::Organization);
        left.map(|one| (one.start, one.end))
    }

    #[test]
    fn an_organisation_holds_no_part_of_a_number() {
        assert_eq!(freed((5, 20), &[(0, 8), (15, 25)]), Some((8, 15)));
        assert_eq!(freed((5, 20), &[(5, 8), (10, 20)]), Some((5, 20)), "whole ones may stay");
        assert_eq!(freed((5, 20), &[(0, 5), (20, 25)]), Some((5, 20)));
        assert_eq!(freed((5, 20), &[(0, 25)]), None);
        assert_eq!(freed((5, 20), &[(5, 25)]), None);
        // Numbers that overlap, in whatever order they were found.
        assert_eq!(freed((5, 20), &[(7, 10), (0, 8)]), Some((10, 20)));
        assert_eq!(freed((5, 20), &[(0, 8), (7, 10)]), Some((10, 20)));
        assert_eq!(freed((5, 20), &[(12, 17), (16, 25)]), Some((5, 12)));
    }

    /// Each organisation beside each number, this would be 10^11 steps.
    #[test]
    fn very_many_organisations_are_freed_of_very_many_numbers() {
        const MANY: usize = 300_000;
        let mut found = Vec::with_capacity(2 * MANY);
        for at in (0..MANY).map(|number| 10 * number) {
            let why = || vec![Why::Model];
            found.push(Finding::new(Kind::Organization, (at, at + 6), 0.8, why()));
            found.push(Finding::new(Kind::Phone, (at + 4, at + 9), 0.9, why()));
        }
        free_numbers(&mut found);
        let organisations = found.iter().filter(|one| one.kind == Kind::Organization);
        let cut = organisations.filter(|one| one.start % 10 == 0 && one.end == one.start + 4);
        assert_eq!(cut.count(), MANY);
    }

    #[test]
    fn what_a_column_says_is_known_of_the_whole_place() {
        let column = || Why::Column("born".into());
        let own = |span| Finding::new(Kind::Custom("born".into()), span, 1.0, vec![column()]);
        let found = |kind, span| Finding::new(kind, span, 1.0, vec![Why::Model]);
        for both in
            [[found(Kind::Phone, (0, 9)), own((0, 9))], [own((0, 9)), found(Kind::Phone, (0, 9))]]
        {
            let one = unite(both.to_vec()).remove(0);
            assert_eq!(one.kind, Kind::Custom("born".into()));
        }
        let one = unite(vec![own((3, 9)), found(Kind::Email, (3, 20))]).remove(0);
        assert_eq!((one.kind, one.why.contains(&column())), (Kind::Email, true));
    }
}
