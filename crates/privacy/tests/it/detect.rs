//! What the detector finds, where it says it is, and what it leaves alone.

use ingot_privacy::detect::{CustomType, DetectConfig, Detector, Kind};
use proptest::prelude::*;
use std::sync::LazyLock;

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::new(DetectConfig::default()).unwrap());

/// Type and text of every finding.
pub(super) fn found(text: &str) -> Vec<(String, String)> {
    DETECTOR
        .detect(text)
        .into_iter()
        .map(|hit| {
            let words = text.chars().skip(hit.start).take(hit.end - hit.start).collect();
            (hit.kind.name().to_owned(), words)
        })
        .collect()
}

/// The texts found of one type.
pub(super) fn of(kind: &str, text: &str) -> Vec<String> {
    found(text).into_iter().filter(|(name, _)| name == kind).map(|(_, words)| words).collect()
}

#[track_caller]
pub(super) fn nothing(kind: &str, text: &str) {
    assert_eq!(of(kind, text), Vec::<String>::new(), "{text}");
}

#[track_caller]
pub(super) fn only(text: &str, kind: &str, words: &str) {
    assert_eq!(found(text), [(kind.to_owned(), words.to_owned())], "{text}");
}

#[test]
fn every_pattern_in_its_usual_forms() {
    for (text, kind, words) in [
        ("身份证 11010519491231002X。", "cn_id", "11010519491231002X"),
        (
            "号码１１０１０５１９４９１２３１００２Ｘ",
            "cn_id",
            "１１０１０５１９４９１２３１００２Ｘ",
        ),
        ("id 440524 18800101 0014", "cn_id", "440524 18800101 0014"),
        ("misread 11O1O519491231OO2X", "cn_id", "11O1O519491231OO2X"),
        ("代码91350100M000100Y43", "cn_uscc", "91350100M000100Y43"),
        ("打１３８－００１３－８０００找我", "phone", "１３８－００１３－８０００"),
        ("+86 138 0013 8000", "phone", "+86 138 0013 8000"),
        ("总机010-62781234", "phone", "010-62781234"),
        ("call (415) 555-2671 now", "phone", "(415) 555-2671"),
        ("ring +44 20 7946 0958", "phone", "+44 20 7946 0958"),
        ("visa 4111 1111 1111 1111", "credit_card", "4111 1111 1111 1111"),
        ("mail a.b+c@example.co.uk!", "email", "a.b+c@example.co.uk"),
        ("see https://example.com/a(b)?q=1.", "url", "https://example.com/a(b)?q=1"),
        ("host 192.168.10.77:80", "ip", "192.168.10.77"),
        ("addr 2001:db8:85a3::8a2e:370:7334 ok", "ip", "2001:db8:85a3::8a2e:370:7334"),
        ("eth 00:1B:44:11:3A:B7", "mac", "00:1B:44:11:3A:B7"),
        ("车牌京A·12345", "plate", "京A·12345"),
        ("粤BD12345", "plate", "粤BD12345"),
        ("出生日期：1990年3月7日", "birth_date", "1990年3月7日"),
        ("born on March 7, 1990", "birth_date", "March 7, 1990"),
        ("微信号：abc_def123", "wechat", "abc_def123"),
        ("QQ：123456789", "qq", "123456789"),
        ("GB82 WEST 1234 5698 7654 32", "iban", "GB82 WEST 1234 5698 7654 32"),
        ("ssn 536-90-4399", "ssn", "536-90-4399"),
        ("护照号 E12345678", "passport", "E12345678"),
        ("btc 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "crypto", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("坐标 39.9042, 116.4074", "gps", "39.9042, 116.4074"),
        ("postgres://app:s3cretpw@db/x", "secret", "postgres://app:s3cretpw@db/x"),
    ] {
        only(text, kind, words);
    }
}

#[test]
fn the_same_things_as_others_write_them() {
    for (text, kind, words) in [
        ("公民身份号码 11010519491231002x", "cn_id", "11010519491231002x"),
        (
            "统一社会信用代码：９１３５０１００Ｍ０００１００Ｙ４３",
            "cn_uscc",
            "９１３５０１００Ｍ０００１００Ｙ４３",
        ),
        ("新能源车粤B·D12345", "plate", "粤B·D12345"),
        ("新能源车沪A12345F", "plate", "沪A12345F"),
        ("ring 07700 900123 tonight", "phone", "07700 900123"),
        ("0161 496 0123 is the desk", "phone", "0161 496 0123"),
        ("(020) 7946 0958 after six", "phone", "(020) 7946 0958"),
        ("mobile +49 30 12345678", "phone", "+49 30 12345678"),
        ("+1-717-925-4491x8915 works", "phone", "+1-717-925-4491x8915"),
        ("license number: F255-9215-0943", "driver_licence", "F255-9215-0943"),
        ("12 High Street, Camberley, GU15 3SY", "address", "12 High Street, Camberley, GU15 3SY"),
        (
            "Flat 7, 12 Rose Court, Leeds, LS1 4AP",
            "address",
            "Flat 7, 12 Rose Court, Leeds, LS1 4AP",
        ),
        (
            "331 Davidson Passage Suite 287\nAngelamouth, GA 13230",
            "address",
            "331 Davidson Passage Suite 287\nAngelamouth, GA 13230",
        ),
        ("PSC 4301, Box 2114 APO AE 09123", "address", "PSC 4301, Box 2114 APO AE 09123"),
    ] {
        only(text, kind, words);
    }
    let births = found("| Helen Marsh | 1987-04-02 | open |");
    assert_eq!(births[1], ("birth_date".to_owned(), "1987-04-02".to_owned()), "{births:?}");
}

#[test]
fn streets_and_towns_of_other_countries() {
    for (text, words) in [
        ("She lives on Rua das Flores with her sister.", "Rua das Flores"),
        ("The tram stops in Baker street every hour.", "Baker street"),
        (
            "Deliver it to Koepenicker Str. 38, Berlin BE 12557 please.",
            "Koepenicker Str. 38, Berlin BE 12557",
        ),
        ("Send it to Kossuth u. 12., Pécs BA 7621.", "Kossuth u. 12., Pécs BA 7621"),
        (
            "New flat: Lidická 1960, Ústí nad Labem US 400 01.",
            "Lidická 1960, Ústí nad Labem US 400 01",
        ),
        ("Ring at 387 Pascual Yunquera after six.", "387 Pascual Yunquera"),
    ] {
        only(text, "address", words);
    }
    let corner = found("They met at the corner of Vine and Sunset Blvd. yesterday.");
    let streets = ["Vine", "Sunset Blvd"].map(|words| ("address".to_owned(), words.to_owned()));
    assert_eq!(corner, streets);
    let fields = found("Ines Alvarez  Philadelphia  Tunisia");
    let places = ["Philadelphia", "Tunisia"].map(|words| ("place".to_owned(), words.to_owned()));
    assert_eq!(fields[1..], places, "{fields:?}");
    only("She flew to Netherlands on Monday.", "place", "Netherlands");
    let units = found("The fan turns at 250 Watts.");
    assert!(units.iter().all(|(kind, _)| kind != "address"), "{units:?}");
}

#[test]
fn firms_with_a_country_in_brackets() {
    only(
        "It was sold to Zorvex Pumps (India) Ltd in May.",
        "organization",
        "Zorvex Pumps (India) Ltd",
    );
}

#[test]
fn programs_units_and_abbreviations_are_nobodys() {
    for text in [
        "README",
        "HKDF and AES-KW",
        "The Hotspot VM is slow.",
        "Both XZ Utils and LZMA Utils work.",
        "TypeVars and ParamSpec are checked.",
        "Runs on MacOS X as well.",
        "L<IO::Compress::Gzip>, L<IO::Compress::Brandt>",
        "see perl-doc and sea-config for more",
        "High street and every road were closed.",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn cards_in_a_row_are_cards_and_codes_in_a_table_are_none() {
    let card = |words: &str| ("credit_card".to_owned(), words.to_owned());
    assert_eq!(
        found("cards 4111 1111 1111 1111 5500 0000 0000 0004"),
        [card("4111 1111 1111 1111"), card("5500 0000 0000 0004")]
    );
    only("pay with 4111 1111 1111 1111 0927 please", "credit_card", "4111 1111 1111 1111");
    assert_eq!(found("5764 4111 1111 1111 1111 576A"), []);
    assert_eq!(found("4001 4002 4111 1111 1111 1111 4003"), []);
}

#[test]
fn names_in_chats_and_forms() {
    for (text, name) in [
        ("hey ashley, did you get the keys?", "ashley"),
        ("NAME: ROBERT MILLER", "ROBERT MILLER"),
        ("Name: Ingrid van den Berg", "Ingrid van den Berg"),
        ("name=Olga Petrova", "Olga Petrova"),
        ("Dear Mrs Okonkwo,", "Okonkwo"),
        ("Helen Marsh <helen@example.org> (she/her)", "Helen Marsh"),
    ] {
        assert!(
            found(text).contains(&("person".to_owned(), name.to_owned())),
            "{text}: {:?}",
            found(text)
        );
    }
}

#[test]
fn networks_fingerprints_and_constants_are_nobodys() {
    for text in [
        "route 10.0.0.0/8 via eth0",
        "2001:db8:85a3:12:34:56:78:0/64",
        "AE:CE:7C:DA:7E:89:1B:B2:72:4B:E3:76:EA:47:3A:96:97:24:0B:11",
        "I'd say they're fine, but I don't know",
        "from heapq import heappush, heappop",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn secrets_of_known_shapes() {
    // Assembled here, so that no scanner takes the source for a leak.
    let tail = "Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7j";
    only(&format!("token ghp_{tail}"), "secret", &format!("ghp_{tail}"));
    let key = format!("AKIA{}", "Q3EGRIDYNTP5XKLM");
    only(&format!("key={key}"), "secret", &key);
    let block =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", tail.repeat(3));
    only(&block, "secret", &block);
}

#[test]
fn one_wrong_digit_is_none() {
    for text in [
        "110105194912310021",
        "4111 1111 1111 1112",
        "91350100M000100Y44",
        "GB82 WEST 1234 5698 7654 33",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "11010519491331002X",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    for text in [
        "for i in range(10): total += values[i] * 0.4111111111111111",
        "version 1.2.3.4, released 2024-05-06 at 12:30:45",
        "今天天气不错，适合出去散步，晚上一起吃火锅吧。",
        "系统将在凌晨两点升级，届时服务暂停约三十分钟。",
        "单击单元格，高亮的字段即可解锁；哈希值和叶节点不变。",
        "经查，许可证上的原值没有变。",
        "std::collections::BTreeMap<u64, String>",
        "127.0.0.1 and 0.0.0.0 and 255.255.255.0",
        "9876543210 bytes in 1700000000000 ms",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn names_addresses_and_organisations() {
    let text = "患者张伟因头痛就诊，家住广东省深圳市南山区科技路12号3栋501室，就职于深圳市腾飞科技有限公司。";
    let expected = [
        ("person", "张伟"),
        ("address", "广东省深圳市南山区科技路12号3栋501室"),
        ("organization", "深圳市腾飞科技有限公司"),
    ];
    assert_eq!(found(text), expected.map(|(kind, words)| (kind.to_owned(), words.to_owned())));
    let text = "My name is Robert Miller and I live at 4150 Oak Street, Boston MA 02110.";
    let expected = [("person", "Robert Miller"), ("address", "4150 Oak Street, Boston MA 02110")];
    assert_eq!(found(text), expected.map(|(kind, words)| (kind.to_owned(), words.to_owned())));
}

#[test]
fn a_finding_says_why() {
    let found = DETECTOR.detect("身份证11010519491231002X");
    let why: Vec<String> = found[0].why.iter().map(ingot_privacy::detect::Why::text).collect();
    assert_eq!(why, ["checksum:mod11-2", "pattern:gb11643", "context:身份证"]);
}

#[test]
fn types_of_the_users() {
    let custom = vec![
        CustomType {
            name: "staff".into(),
            regex: Some(r"\bE(\d{5})\b".into()),
            context: vec!["工号".into()],
            ..CustomType::default()
        },
        CustomType {
            name: "project".into(),
            dictionary: vec!["天枢".into()],
            ..CustomType::default()
        },
        CustomType {
            name: "token".into(),
            regex: Some(r"T\d{16}".into()),
            checksum: Some("nothing".into()),
            ..CustomType::default()
        },
    ];
    let config = |custom: &[CustomType]| DetectConfig {
        types: vec![Kind::Email],
        custom: custom.to_vec(),
        ..DetectConfig::default()
    };
    let detector = Detector::new(config(&custom[..2])).unwrap();
    let hits: Vec<_> = detector
        .detect(&format!("工号 E12345 参与天枢，a@b.cn，13800138000；{}E54321", "。".repeat(40)))
        .into_iter()
        .map(|hit| (hit.kind.name().to_owned(), hit.start))
        .collect();
    assert_eq!(
        hits,
        [("staff".to_owned(), 4), ("project".to_owned(), 12), ("email".to_owned(), 15)]
    );
    let fault = Detector::new(config(&custom)).unwrap_err();
    assert_eq!(fault.code(), "privacy-custom-type-invalid");
}

#[test]
fn lines_are_scanned_each_on_its_own() {
    let text = "无\na@b.cn\n\n电话13800138000\n";
    let rows: Vec<_> =
        DETECTOR.scan_lines(text).into_iter().map(|(row, hit)| (row, hit.start)).collect();
    assert_eq!(rows, [(1, 0), (3, 2)]);
}

proptest! {
    /// Offsets are in the text, ordered and apart, whatever it holds.
    #[test]
    fn spans_are_sound(text in r"(\PC|[0-9a-zA-Z@:./ +()-]|身份证|电话|北京市|路|号|张|李|-----BEGIN |微信|born ){0,60}") {
        let length = text.chars().count();
        let mut last = 0;
        for hit in DETECTOR.detect(&text) {
            prop_assert!(last <= hit.start && hit.start < hit.end && hit.end <= length);
            prop_assert!((0.5..=1.0).contains(&hit.score) && !hit.why.is_empty());
            last = hit.end;
        }
    }

    /// A mobile number is found in any surroundings of Han characters, in any width, at the right offset.
    #[test]
    fn mobiles_are_found_anywhere(before in "[的了在是]{0,20}", tail in "[0-9]{8}", wide: bool) {
        let number: String = format!("138{tail}").chars().map(|digit| {
            if wide { char::from_u32(u32::from(digit) - 0x30 + 0xff10).unwrap() } else { digit }
        }).collect();
        let text = format!("{before}{number}。");
        let hits = DETECTOR.detect(&text);
        let start = before.chars().count();
        prop_assert!(hits.iter().any(|hit| hit.kind == Kind::Phone && hit.start == start && hit.end == start + 11));
    }
}

#[test]
fn what_nobody_sees_hides_nothing_and_moves_no_offset() {
    for (text, kind, words) in [
        ("手机138\u{200b}1234\u{200b}5678。", "phone", "138\u{200b}1234\u{200b}5678"),
        ("\u{feff}a\u{200b}b 手机1\u{ad}3812345678", "phone", "1\u{ad}3812345678"),
        ("手机\u{202d}138\u{2060}1234\u{2066}5678\u{202c}", "phone", "138\u{2060}1234\u{2066}5678"),
        (
            "身份证 1101\u{200d}0519491231\u{fe0f}002X。",
            "cn_id",
            "1101\u{200d}0519491231\u{fe0f}002X",
        ),
        ("visa 4111 1111\u{200b} 1111 1111", "credit_card", "4111 1111\u{200b} 1111 1111"),
        ("mail a.b@exam\u{ad}ple.org!", "email", "a.b@exam\u{ad}ple.org"),
        ("手机١٣٨١٢٣٤٥٦٧٨，", "phone", "١٣٨١٢٣٤٥٦٧٨"),
        ("手机𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖，", "phone", "𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖"),
        ("手机一三八一二三四五六七八，", "phone", "一三八一二三四五六七八"),
        // A number of a list is none of the number's.
        ("①13812345678", "phone", "13812345678"),
    ] {
        only(text, kind, words);
    }
    // Without what is not seen two names would be one word; both stay found.
    let persons = found("Dear Jane\u{200b}Smith and Olivia Brown");
    assert!(persons.iter().any(|(kind, _)| kind == "person"), "{persons:?}");
}

#[test]
fn a_place_at_the_end_ends_there() {
    assert_eq!(found("去成都"), found("去成都工作"));
}
