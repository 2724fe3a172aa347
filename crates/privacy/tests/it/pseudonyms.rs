//! Text transforms: nothing found twice, the same person the same, and the way back.

use crate::support::keys;
use ingot_privacy::Title;
use ingot_privacy::decrypt_value;
use ingot_privacy::detect::{DetectConfig, Detector, Kind};
use ingot_privacy::pseudonym::{Pseudonyms, TextAction, TextProtector};
use proptest::prelude::*;

const TEXT: &str = "患者张伟，身份证11010519491231002X，电话138-0013-8000，邮箱zhang@corp.cn，卡号4111 1111 1111 1111。";

fn detector() -> Detector {
    Detector::new(DetectConfig::default()).unwrap()
}

fn protect(action: TextAction, text: &str) -> (String, usize) {
    let mut names = Pseudonyms::new(keys()).unwrap();
    let protector = TextProtector::new(detector(), action, keys(), "note").unwrap();
    let found = protector.find(text).unwrap();
    let out = protector.settle(text, found.clone(), &mut names).unwrap();
    (out, found.len())
}

#[test]
fn replaced_and_masked_texts_hold_no_finding() {
    for action in [TextAction::Replace, TextAction::Mask, TextAction::Hash, TextAction::Encrypt] {
        let (out, count) = protect(action, TEXT);
        assert_eq!(count, 5, "{action:?}");
        assert_eq!(detector().detect(&out), [], "{out}");
        assert!(!out.contains("张伟") && !out.contains("zhang@corp.cn"));
    }
    let (out, _) = protect(TextAction::Replace, TEXT);
    assert_eq!(out, "患者[person]，身份证[cn_id]，电话[phone]，邮箱[email]，卡号[credit_card]。");
}

#[test]
fn tokens_decrypt_with_the_key() {
    let (out, _) = protect(TextAction::Encrypt, "发给zhang@corp.cn");
    let token = out.strip_prefix("发给").unwrap();
    assert_eq!(decrypt_value(&keys(), "note", token).unwrap().expose(), "zhang@corp.cn");
}

#[test]
fn a_pseudonym_looks_like_what_it_stands_for() {
    let (out, _) = protect(TextAction::Pseudonymize, TEXT);
    let kinds: Vec<_> = detector().detect(&out).into_iter().map(|hit| hit.kind).collect();
    for kind in [Kind::ResidentId, Kind::Phone, Kind::Email, Kind::CreditCard] {
        assert!(kinds.contains(&kind), "{kind:?} in {out}");
    }
    assert!(out.contains('-') && !out.contains("张伟") && !out.contains("0013-8000"));
    assert_eq!(protect(TextAction::Pseudonymize, TEXT).0, out);
}

#[test]
fn what_is_forgotten_leads_nowhere_and_the_rest_stays() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    let erased = names.of(&Kind::Person, "张伟").unwrap();
    let other = names.of(&Kind::Person, "李娜").unwrap();
    let loan = names.of(&Kind::Custom("loan".into()), "LN-30992185").unwrap();
    assert_eq!(names.kinds().into_iter().collect::<Vec<_>>(), ["loan", "person"]);
    names.forget(|all| Ok(all.iter().map(|one| one.expose() == "张伟").collect())).unwrap();
    assert!(!names.has(&Kind::Person, &erased) && !names.lines().contains(&erased));
    let gone = names.original(&Kind::Person, &erased).unwrap_err();
    assert_eq!(gone.code(), "privacy-pseudonym-unknown");
    assert_eq!(names.original(&Kind::Person, &other).unwrap().expose(), "李娜");
    let back = names.original(&Kind::Custom("loan".into()), &loan).unwrap();
    assert_eq!(back.expose(), "LN-30992185");
}

#[test]
fn the_table_goes_through_its_lines_and_another_key_reads_nothing() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    let fake = names.of(&Kind::Person, "张伟").unwrap();
    assert!(!names.lines().contains("张伟"));
    let mut again = Pseudonyms::new(keys()).unwrap();
    again.load(&names.lines()).unwrap();
    assert_eq!(again.original(&Kind::Person, &fake).unwrap().expose(), "张伟");
    assert_eq!(again.of(&Kind::Person, "张伟").unwrap(), fake);
    let mut other = keys();
    other.encrypt = ingot_base::Secret::new(vec![9; 64]);
    assert!(Pseudonyms::new(other).unwrap().load(&names.lines()).is_err());
    assert_eq!(
        names.original(&Kind::Person, "王无人").unwrap_err().code(),
        "privacy-pseudonym-unknown"
    );
}

#[test]
fn a_thousand_persons_stay_a_thousand() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..1_000 {
        let person = format!("张{number}");
        let fake = names.of(&Kind::Person, &person).unwrap();
        assert_eq!(names.original(&Kind::Person, &fake).unwrap().expose(), &person);
        assert!(seen.insert(fake));
    }
}

proptest! {
    /// Numbers need no table: another instance with the keys goes back.
    #[test]
    fn numbers_come_back(tail in 0_u32..100_000_000, day in 1_u32..29, sequence in 0_u32..1_000) {
        let mut names = Pseudonyms::new(keys()).unwrap();
        let reader = Pseudonyms::new(keys()).unwrap();
        let phone = format!("138 {:04} {:04}", tail / 10_000, tail % 10_000);
        let fake = names.of(&Kind::Phone, &phone).unwrap();
        prop_assert!(fake.starts_with("138 ") && fake.chars().count() == 13);
        let back = reader.original(&Kind::Phone, &fake).unwrap();
        prop_assert_eq!(back.expose(), &phone);
        // Check digit by the standard's sum, written apart from the library's.
        let front = format!("110105198003{day:02}{sequence:03}");
        let sum: u32 = front.bytes().enumerate().map(|(at, digit)| u32::from(digit - b'0') * ((1 << (17 - at)) % 11)).sum();
        let id = format!("{front}{}", "10X98765432".chars().nth((sum % 11) as usize).unwrap());
        let fake = names.of(&Kind::ResidentId, &id).unwrap();
        let hits = detector().detect(&fake);
        prop_assert!(hits.len() == 1 && hits[0].kind == Kind::ResidentId, "{}", fake);
        let back = reader.original(&Kind::ResidentId, &fake).unwrap();
        prop_assert_eq!(back.expose(), &id);
    }
}

/// An identity number with the check character by the standard's sum, written apart from the library's.
fn resident(region: &str, born: &str, sequence: u32) -> String {
    let front = format!("{region}{born}{sequence:03}");
    let digits = front.bytes().enumerate();
    let sum: u32 =
        digits.map(|(at, digit)| u32::from(digit - b'0') * ((1 << (17 - at)) % 11)).sum();
    format!("{front}{}", "10X98765432".chars().nth((sum % 11) as usize).unwrap())
}

proptest! {
    /// Whoever is born from 1900 to 2035 gets a valid number, from which the key alone leads back, and nobody else gets it.
    #[test]
    fn residents_of_every_age_keep_a_valid_number(
        people in proptest::collection::btree_set((1900_u32..2036, 1_u32..13, 1_u32..29, 0_u32..1_000, 0_usize..3), 2..12),
    ) {
        let mut names = Pseudonyms::new(keys()).unwrap();
        let reader = Pseudonyms::new(keys()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        // A county, another, and one that the code table has no longer.
        let regions = ["110105", "510107", "110103"];
        for (year, month, day, sequence, region) in people {
            let id = resident(regions[region], &format!("{year}{month:02}{day:02}"), sequence);
            let fake = names.of(&Kind::ResidentId, &id).unwrap();
            let born: u32 = fake.get(6..10).unwrap().parse().unwrap();
            let part = |from: usize, to: usize| fake.get(from..to).unwrap();
            prop_assert_eq!(&fake, &resident(part(0, 6), part(6, 14), part(14, 17).parse().unwrap()));
            // Among the usual birthdays, or among the rare ones.
            prop_assert_eq!((1930..2020).contains(&born), (1930..2020).contains(&year), "{} for {}", fake, id);
            prop_assert!((1900..2036).contains(&born));
            let hits = detector().detect(&fake);
            prop_assert!(hits.len() == 1 && hits[0].kind == Kind::ResidentId, "{}", fake);
            prop_assert!(seen.insert(fake.clone()), "{} twice", fake);
            let back = reader.original(&Kind::ResidentId, &fake).unwrap();
            prop_assert_eq!(back.expose(), &id);
        }
        prop_assert_eq!(names.lines(), "", "needs no table");
    }
}

/// Tables that were written before rare birthdays had numbers of their own lead back as before.
#[test]
fn usual_birthdays_keep_their_pseudonyms() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    for (region, born, fake) in [
        ("110105", "19491231", "33021120021125723X"),
        ("510107", "19300101", "620901199008246593"),
        ("110103", "20191231", "110103196105285071"),
    ] {
        let id = resident(region, born, 2);
        assert_eq!(names.of(&Kind::ResidentId, &id).unwrap(), fake, "{id}");
    }
}

/// The oldest and the youngest look alike, so that a number does not tell which of them somebody is.
#[test]
fn children_and_the_very_old_are_mixed() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    let mut old = |born: &str| {
        let fakes = (0..200).map(|sequence| {
            names.of(&Kind::ResidentId, &resident("110105", born, sequence)).unwrap()
        });
        fakes.filter(|fake| fake.get(6..10).unwrap() < "1930").count()
    };
    let (children, elders) = (old("20220307"), old("19210307"));
    assert!((100..160).contains(&children) && (100..160).contains(&elders), "{children} {elders}");
}

#[test]
fn nobody_gets_a_real_persons_name_and_names_do_not_run_out() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    let people: Vec<String> = (0..3_000).map(|index| format!("Alex Person{index:04}")).collect();
    let fakes: std::collections::BTreeSet<String> =
        people.iter().map(|person| names.of(&Kind::Place, person).unwrap()).collect();
    assert_eq!(fakes.len(), people.len(), "two persons share a pseudonym");
    let taken = fakes.first().unwrap();
    let mut others = Pseudonyms::new(keys()).unwrap();
    for fake in &fakes {
        // Another spelling of the same name is nobody's pseudonym either.
        others.reserve(&fake.to_uppercase());
    }
    for person in &people {
        assert!(!fakes.contains(&others.of(&Kind::Place, person).unwrap()), "{taken}");
    }
}

/// Pieces that texts in which much is found are made of.
const PIECES: &[&str] = &[
    "张伟",
    "11010519491231002X",
    "138-0013-8000",
    "１３８００１３８０００",
    "zhang@corp.cn",
    "4111 1111 1111 1111",
    "京A·12345",
    "北京市海淀区中关村大街27号",
    "深圳市腾飞科技有限公司",
    "Robert Miller",
    "robert miller",
    "Dr. ",
    "4150 Oak Street, Boston MA 02110",
    "Name: ",
    "born 3 March 1987",
    "+44 20 7946 0958",
    "07700 900123",
    "GB82 WEST 1234 5698 7654 32",
    "536-90-4399",
    "192.168.10.77",
    "微信号：abc_def123",
    "QQ：123456789",
    "https://example.com/a?q=1",
    "39.9042, 116.4074",
    "passport 123456789",
    "Smith, Jones and Brown",
    "Aa, ",
    "Aa and ",
    "Acme Ltd",
    "住",
    "，",
    " ",
    ", ",
    "\n",
    "(",
    ")",
    ": ",
    "0",
    "-",
    "[person]",
    "*",
    "a",
    "and",
    "the",
    "号",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A second scan of what was replaced or masked finds nothing, whatever stands beside what.
    #[test]
    fn a_settled_text_holds_no_finding(places in proptest::collection::vec(0..PIECES.len(), 1..24), mask: bool) {
        let text: String = places.iter().map(|place| PIECES[*place]).collect();
        let action = if mask { TextAction::Mask } else { TextAction::Replace };
        let protector = TextProtector::new(detector(), action, keys(), "note").unwrap();
        let found = protector.find(&text).unwrap();
        let out = protector.settle(&text, found, &mut Pseudonyms::new(keys()).unwrap()).unwrap();
        prop_assert_eq!(detector().detect(&out), [], "{} from {}", out, text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Nor where hundreds of words stand beside each other, and each hidden one shows the next.
    #[test]
    fn a_long_settled_text_holds_no_finding(
        word in 0..PIECES.len(),
        places in proptest::collection::vec((0..PIECES.len(), 1_usize..80), 1..12),
        mask: bool,
    ) {
        let runs = places.iter().map(|(place, times)| [PIECES[*place].repeat(*times), PIECES[word].repeat(9)].concat());
        let text: String = runs.collect();
        let action = if mask { TextAction::Mask } else { TextAction::Replace };
        let protector = TextProtector::new(detector(), action, keys(), "note").unwrap();
        let found = protector.find(&text).unwrap();
        let out = protector.settle(&text, found, &mut Pseudonyms::new(keys()).unwrap()).unwrap();
        prop_assert_eq!(detector().detect(&out), [], "{} from {}", out, text);
    }
}

/// Where each hidden name would make its neighbour look like one, it ends there, and what is told is what is hidden.
#[test]
fn a_long_list_settles_without_its_other_words_and_all_that_is_hidden_is_told() {
    let text = "Aa, ".repeat(8_000);
    let protector = TextProtector::new(detector(), TextAction::Mask, keys(), "note").unwrap();
    let found = protector.find(&text).unwrap();
    let mut names = Pseudonyms::new(keys()).unwrap();
    let (out, besides) =
        protector.settle_telling(&Title::default(), &text, found.clone(), &mut names).unwrap();
    assert_eq!(detector().detect(&out), []);
    let told: usize = found.iter().chain(&besides).map(|one| one.end - one.start).sum();
    let hidden = out.chars().zip(text.chars()).filter(|(one, other)| one != other).count();
    assert!(hidden <= told && told < 200, "{hidden} hidden, {told} told");
}

/// FF1 hides nothing in a small domain: there, words are drawn and the table leads back.
#[test]
fn numbers_too_short_for_ff1_are_drawn_from_the_table() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    for (kind, short, long) in [
        (Kind::Qq, "10001", "100001"),
        (Kind::Phone, "12345678", "123456789"),
        (Kind::Passport, "E1234", "E1234567"),
        (Kind::DriverLicence, "12345", "123456"),
        (Kind::BankCard, "622202000123", "6222020001230"),
        (Kind::CreditCard, "411111111111", "4111111111119"),
        (Kind::ResidentId, "11010", "110105491231002"),
    ] {
        let before = names.lines().lines().count();
        let fake = names.of(&kind, short).unwrap();
        assert_eq!(names.lines().lines().count(), before + 1, "{kind:?}: not in the table");
        assert_eq!(names.of(&kind, short).unwrap(), fake);
        assert_eq!(names.original(&kind, &fake).unwrap().expose(), short);
        let fake = names.of(&kind, long).unwrap();
        assert_eq!(names.lines().lines().count(), before + 1, "{kind:?}: needs no table");
        assert_ne!(fake, long);
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        assert_eq!((fake.chars().count(), digits(&fake)), (long.chars().count(), digits(long)));
        let fresh = Pseudonyms::new(keys()).unwrap();
        assert_eq!(
            fresh.original(&kind, &fake).unwrap().expose(),
            long,
            "the key alone leads back"
        );
    }
}

/// Their check digits are wrong, so the way back by the key alone would end in others.
#[test]
fn numbers_with_a_wrong_check_digit_come_back_as_they_were() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    for (kind, value) in [
        (Kind::BankCard, "6222020001231"),
        (Kind::CreditCard, "4111111111111112"),
        (Kind::ResidentId, "110105194912310021"),
    ] {
        let fake = names.of(&kind, value).unwrap();
        assert_eq!(names.original(&kind, &fake).unwrap().expose(), value, "{kind:?}");
    }
}

/// A person's telephone or account is the same other one however it is dialled or grouped; the way back is from each form.
#[test]
fn a_number_has_one_pseudonym_in_every_form() {
    let mut names = Pseudonyms::new(keys()).unwrap();
    let tail = |text: &str, count: usize| -> String {
        let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        digits[digits.len() - count..].iter().collect()
    };
    let forms: [&[&str]; 2] = [
        &[
            "13800138000",
            "+86 13800138000",
            "+86-138-0013-8000",
            "0086-13800138000",
            "(86)13800138000",
            "8613800138000",
            "013800138000",
            "1795113800138000",
            "138 0013 8000",
        ],
        &["010-62781234", "+86 10 62781234", "+86 (0)10 6278 1234", "0086 10 62781234"],
    ];
    for (forms, count) in forms.into_iter().zip([11, 8]) {
        let first = names.of(&Kind::Phone, forms[0]).unwrap();
        for form in forms {
            let fake = names.of(&Kind::Phone, form).unwrap();
            assert_eq!(tail(&fake, count), tail(&first, count), "{form}: {fake}");
            let plain = |text: &str| text.replace(|one: char| one.is_ascii_digit(), "0");
            assert_eq!(plain(&fake), plain(form));
            // What is dialled before it stays.
            let before = |text: &str| text.strip_suffix(&tail(text, 11)).map(str::to_owned);
            assert_eq!(before(&fake), before(form));
            assert_eq!(names.original(&Kind::Phone, &fake).unwrap().expose(), form);
        }
    }
    // As before there were forms.
    assert_eq!(names.of(&Kind::Phone, "13800138000").unwrap(), "13836947867");
    let account = Kind::Custom("account".into());
    let fake = names.of(&account, "022971716108").unwrap();
    for form in ["0229 7171 6108", "0229-7171-6108", "０２２９　７１７１　６１０８"] {
        assert_eq!(names.of(&account, form).unwrap(), fake, "{form}");
    }
    assert_eq!(names.original(&account, &fake).unwrap().expose(), "022971716108");
    // Parts of their own tell two numbers apart.
    let other = names.of(&account, "1-22971716108").unwrap();
    assert_ne!(names.of(&account, "12-2971716108").unwrap(), other);
}

/// A word of the table that stands for a number as it was grouped leads back to it as before.
#[test]
fn a_table_of_grouped_numbers_stays_readable() {
    let account = Kind::Custom("account".into());
    let mut names = Pseudonyms::new(keys()).unwrap();
    let number = ingot_base::Personal::new("0229 7171 6108".to_owned());
    let token = ingot_privacy::encrypt_value(&keys(), "ingot:pseudonym", &number).unwrap();
    names.load(&format!("account\taccount-0000000001\t{token}\n")).unwrap();
    assert_eq!(names.original(&account, "account-0000000001").unwrap().expose(), "0229 7171 6108");
}

#[test]
fn a_telephone_has_one_hash_in_every_form() {
    let hashed = |text: &str| protect(TextAction::Hash, text).0;
    for form in ["+86 13800138000", "138 0013 8000", "0086-13800138000", "013800138000"] {
        assert_eq!(hashed(&format!("电话：{form}")), hashed("电话：13800138000"), "{form}");
    }
}
