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
