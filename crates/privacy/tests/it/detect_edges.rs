//! Personal data where it touches something else: another script, the `=` of a query, a word that could be part of it.

use super::detect::{found, only};

/// The texts found of one type.
fn of(kind: &str, text: &str) -> Vec<String> {
    found(text).into_iter().filter(|(name, _)| name == kind).map(|(_, words)| words).collect()
}

#[track_caller]
fn has(text: &str, kind: &str, words: &str) {
    assert!(of(kind, text).contains(&words.to_owned()), "{text}: {:?}", found(text));
}

#[track_caller]
fn nothing(kind: &str, text: &str) {
    assert_eq!(of(kind, text), Vec::<String>::new(), "{text}");
}

#[test]
fn telephones_behind_the_name_of_a_field() {
    for (text, words) in [
        ("sms send mobile=13812345678 code=8812", "13812345678"),
        ("GET /api?tel=13812345678&x=1 HTTP/1.1", "13812345678"),
        ("phone=13812345678", "13812345678"),
        ("uid=13812345678", "13812345678"),
        ("x=13812345678", "13812345678"),
        ("tel=138-1234-5678", "138-1234-5678"),
        ("phone=138 1234 5678", "138 1234 5678"),
        ("phone=415-555-2671&x=1", "415-555-2671"),
        ("tel=010-62781234", "010-62781234"),
    ] {
        only(text, "phone", words);
    }
    assert_eq!(of("phone", "联系 13712345678/13612345678"), ["13712345678", "13612345678"]);
    for text in [
        "x=13812345678.5",
        "t=1381234567890",
        "width=13812345678px",
        "/v2/blob/13812345678/x",
        "size=415-555-2671",
        "a=1/13812345678",
    ] {
        nothing("phone", text);
    }
}

#[test]
fn a_word_has_one_number_and_a_servers_answer_is_none() {
    for text in [
        "GET /api?tel=13812345678&x=1 HTTP/1.1\" 200 512",
        "手机号18663470438 状态 200 512",
        "\"GET /tel/list HTTP/1.1\" 200 512",
        "POST /phone \"ok\" 404 128",
        "200 512 电话：13812345678",
    ] {
        let phones = of("phone", text);
        assert!(phones.iter().all(|phone| phone.len() == 11), "{text}: {phones:?}");
    }
    has("Phones: 555 1234, 555 6789", "phone", "555 6789");
    has("call me at home on 555 1234", "phone", "555 1234");
    has("555 1234 is my phone", "phone", "555 1234");
}

#[test]
fn accounts_of_wechat_in_other_words() {
    for (text, words) in [
        ("加我v：wxid_8g137k2k3if0i7", "wxid_8g137k2k3if0i7"),
        ("wxid_8g137k2k3if0i7", "wxid_8g137k2k3if0i7"),
        ("加v：abc_def123", "abc_def123"),
        ("想了解的+v：abc_def123", "abc_def123"),
        ("薇信 abc_def123", "abc_def123"),
    ] {
        only(text, "wechat", words);
    }
    for text in ["加vip123456会员", "wxid_from_user(x)", "let y = a +v abc_123;", "tv信号abc_1234"]
    {
        nothing("wechat", text);
    }
}

#[test]
fn days_of_birth_before_their_word() {
    for (text, words) in [
        ("他是1961/11/09生的", "1961/11/09"),
        ("1961年11月9日生，汉族", "1961年11月9日"),
        ("我1988-03-07生人", "1988-03-07"),
        ("1961年11月9日生日", "1961年11月9日"),
    ] {
        has(text, "birth_date", words);
    }
    for text in [
        "2020年1月1日生效",
        "2020-01-01发生的事",
        "先生的2020-01-01账单",
        "学生的入学日是2020-09-01",
    ] {
        nothing("birth_date", text);
    }
}

#[test]
fn keys_of_known_providers_need_no_digits() {
    // Assembled here, so that no scanner takes the source for a leak.
    for (front, back) in [
        ("AKIA", "EIGFHZCPBTCGNFGI"),
        ("sk_live_", "CPFJGpmbwvdrHs9eVIqHppvO"),
        ("glpat-", "mUbiFtlAnqECeaPpZNnK"),
    ] {
        let key = format!("{front}{back}");
        has(&format!("key {key} leaked"), "secret", &key);
    }
    for text in [
        &format!("AKIA{}", "IOSFODNN7EXAMPLE"),
        "sk_live_my_function_name",
        "sk_live_MyFunctionNameForTests",
        "glpat-AccessTokenOfMineHere",
        "glpat-xxxxxxxxxxxxxxxxxxxx",
        "AKIAAAAAAAAAAAAAAAAA",
        "hf_transformers_pipeline_for_everyone",
    ] {
        nothing("secret", text);
    }
}

#[test]
fn numbers_of_patients() {
    for (text, words) in [
        ("住院号：0038271", "0038271"),
        ("病案号 A0038271", "A0038271"),
        ("门诊号为20038271", "20038271"),
        ("就诊卡号：000382715", "000382715"),
        ("社保号：110203847561", "110203847561"),
        ("医保卡号 A12345678", "A12345678"),
        ("MRN: 00382711", "00382711"),
        ("NHS number 943 476 5919", "943 476 5919"),
        ("NHS no. 9434765919", "9434765919"),
        ("Medicare 1EG4-TE5-MK73", "1EG4-TE5-MK73"),
        ("card 1EG4-TE5-MK73", "1EG4-TE5-MK73"),
        ("Medicare ID: 1EG4TE5MK73", "1EG4TE5MK73"),
        ("NPI 1234567893", "1234567893"),
    ] {
        only(text, "medical_id", words);
    }
    assert_eq!(
        of("medical_id", "Medicare 1EG4-TE5-MK73 with NPI 1234567893"),
        ["1EG4-TE5-MK73", "1234567893"]
    );
    only("社保卡号 11010519491231002X", "cn_id", "11010519491231002X");
    for text in [
        "住院号的位数为10位",
        "住院号12345人次",
        "门诊号 2023-10-20",
        "NHS number 943 476 5918",
        "NHS spent 1234567890 pounds",
        "NPI 1234567894",
        "Medicare 1EG4-TE5-MK7",
        "Medicare 1SG4-TE5-MK73",
        "the MRNA is 12345678 long",
        "patient no longer takes 12345678",
    ] {
        nothing("medical_id", text);
    }
}
