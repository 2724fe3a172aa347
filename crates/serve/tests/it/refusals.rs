//! What bad requests get: the right status, the field's name, never a value.

use crate::support::{Answer, Server, row};
use serde_json::{Value, json};

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect()
}

#[test]
fn every_bad_field_is_named_and_no_value_is_repeated() {
    let server = Server::start();
    let ask = |body: Value| server.post("/api/predict", &body);
    let answer = ask(json!({ "age": "canary", "job": "canary", "canary_column": "canary" }));
    assert_eq!(
        pairs(&answer.fields()),
        [
            ("age", "runtime-field-type"),
            ("canary_column", "runtime-field-unknown"),
            ("job", "runtime-field-category"),
            ("owner", "runtime-field-missing"),
        ]
    );
    assert!(!answer.text().replace("canary_column", "").contains("canary"));
    assert!(!server.log().contains("canary"), "{}", server.log());
    let list = ask(json!([row(30.0), { "age": null, "job": 1, "owner": [1] }, 7]));
    assert_eq!(
        pairs(&list.fields()),
        [
            ("[1].age", "runtime-field-null"),
            ("[1].job", "runtime-field-type"),
            ("[1].owner", "runtime-field-type"),
            ("[2]", "serve-row-type"),
        ]
    );
    let envelope = ask(json!({ "model": "made-up", "inputs": [row(30.0), {}] }));
    assert_eq!(envelope.fields()[0].0, "inputs[1].age");
    let extra = ask(json!({ "model": 7, "inputs": [row(30.0)], "parameters": {} }));
    assert_eq!(
        pairs(&extra.fields()),
        [("parameters", "serve-member-unknown"), ("model", "serve-member-type")]
    );
    let type_wrong = ask(json!({ "inputs": "x" }));
    assert_eq!(pairs(&type_wrong.fields()), [("inputs", "serve-member-type")]);
}

#[test]
fn a_query_is_never_passed_over() {
    let server = Server::start();
    for path in ["/api/predict", "/api/explain"] {
        let ask = |query: &str| server.post(&format!("{path}?{query}"), &row(30.0));
        assert_eq!(ask("model=made-up").status, 200);
        let unknown = ask("threshold=0.9");
        assert_eq!((unknown.status, unknown.problem().as_str()), (400, "serve-query-unknown"));
        assert!(unknown.text().contains("`threshold`"), "{}", unknown.text());
        let nobody = ask("model=nobody");
        assert_eq!((nobody.status, nobody.problem().as_str()), (404, "serve-model-unknown"));
    }
}

#[test]
fn a_column_that_stands_twice_is_refused() {
    let server = Server::start();
    let body = r#"{"age":30,"job":null,"owner":true,"age":31}"#;
    let answer = server.client().send("POST", "/api/predict", &[], body.as_bytes());
    assert_eq!(pairs(&answer.fields()), [("age", "serve-field-twice")]);
}

#[test]
fn a_number_that_no_double_holds_names_its_field() {
    let server = Server::start();
    for number in ["1e999", "-1e400"] {
        let body = format!(r#"{{"age":{number},"job":null,"owner":true}}"#);
        let answer = server.client().send("POST", "/api/predict", &[], body.as_bytes());
        assert_eq!(pairs(&answer.fields()), [("age", "runtime-field-not-finite")]);
    }
    let long = format!(r#"{{"age":{},"job":null,"owner":true}}"#, "9".repeat(300));
    let answer = server.client().send("POST", "/api/predict", &[], long.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn what_is_no_row_is_refused() {
    let server = Server::start();
    let ask = |body: &str| {
        let answer = server.client().send("POST", "/api/predict", &[], body.as_bytes());
        (answer.status, answer.problem())
    };
    for body in ["", "{", "[1,", "{\"age\":}", "nul", "\u{feff}{}", "{} {}", "[{}]x", "{\"age\" 1}"]
    {
        assert_eq!(ask(body), (400, "serve-json".to_owned()), "{body:?}");
    }
    for body in ["1", "null", "\"text\"", "true", "-0.5"] {
        assert_eq!(ask(body), (422, "serve-shape".to_owned()), "{body:?}");
    }
    assert_eq!(ask("[]"), (422, "serve-rows-none".to_owned()));
    assert_eq!(ask("{\"inputs\":[]}"), (422, "serve-rows-none".to_owned()));
    let invalid = server.client().send("POST", "/api/predict", &[], b"{\"age\xff\":1}");
    assert_eq!((invalid.status, invalid.problem().as_str()), (400, "serve-json"));
}

#[test]
fn deep_nesting_is_refused_before_it_costs_anything() {
    let server = Server::start();
    for (open, close) in [("[", "]"), ("{\"age\":", "}"), ("{\"x\":[", "]}")] {
        for depth in [20, 200, 100_000] {
            for body in [
                open.repeat(depth) + "1" + &close.repeat(depth),
                open.repeat(depth),
                format!("{{\"age\":{}", open.repeat(depth)),
                format!("{{\"zzz\":{}", open.repeat(depth)),
                format!("{{\"inputs\":[{}", open.repeat(depth)),
            ] {
                for path in ["/api/predict", "/v2/models/made-up/infer"] {
                    let answer = server.client().send("POST", path, &[], body.as_bytes());
                    assert!(
                        matches!(answer.status, 400 | 422),
                        "{} {}",
                        answer.status,
                        answer.text()
                    );
                }
            }
        }
    }
    let body = format!("{{\"age\":{}", "[".repeat(1000));
    let answer = server.client().send("POST", "/api/predict", &[], body.as_bytes());
    assert_eq!(answer.problem(), "serve-json-depth");
}

#[test]
fn sizes_are_bounded() {
    let server = Server::with(crate::fake::Behaviour::default(), |settings| {
        settings.limits.rows = 3;
        settings.limits.explained_rows = 1;
        settings.limits.body_bytes = 1000;
    });
    let rows = |count| Value::from(vec![row(30.0); count]);
    assert_eq!(server.post("/api/predict", &rows(3)).status, 200);
    assert_eq!(server.post("/api/predict", &rows(4)).problem(), "serve-rows-many");
    assert_eq!(server.post("/api/explain", &rows(1)).status, 200);
    assert_eq!(server.post("/api/explain", &rows(2)).problem(), "serve-rows-many");
    let large = "x".repeat(1001);
    let answer = server.client().send("POST", "/api/predict", &[], large.as_bytes());
    assert_eq!((answer.status, answer.problem().as_str()), (413, "serve-body-large"));
    // Without a declared length the size shows only as it comes.
    let mut client = server.client();
    let head = "POST /api/predict HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.raw(head.as_bytes()).unwrap();
    client.raw(format!("5dc\r\n{}\r\n", "x".repeat(1500)).as_bytes()).unwrap();
    assert_eq!(client.read().unwrap().status, 413);
}

#[test]
fn paths_methods_and_types_are_checked() {
    let server = Server::start();
    let send = |method: &str, path: &str, headers: &[(&str, &str)]| -> Answer {
        server.client().send(method, path, headers, row(30.0).to_string().as_bytes())
    };
    let unknown = send("POST", "/api/predictions", &[]);
    assert_eq!((unknown.status, unknown.problem().as_str()), (404, "serve-route-unknown"));
    for (method, path, allowed) in [
        ("DELETE", "/api/predict", "POST"),
        ("GET", "/api/predict", "POST"),
        ("POST", "/metrics", "GET,HEAD"),
    ] {
        let answer = send(method, path, &[]);
        assert_eq!((answer.status, answer.problem().as_str()), (405, "serve-method"));
        assert_eq!(answer.header("allow"), Some(allowed));
    }
    let accept = send("POST", "/api/predict", &[("Accept", "text/html")]);
    assert_eq!((accept.status, accept.problem().as_str()), (406, "serve-not-acceptable"));
    for header in [
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/json; charset=gb18030"),
        ("Content-Encoding", "gzip"),
    ] {
        let answer = send("POST", "/api/predict", &[header]);
        assert_eq!((answer.status, answer.problem().as_str()), (415, "serve-media-type"));
    }
    for path in ["/v2/models/nobody", "/v2/models/made-up/versions/9.9"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.problem().as_str()), (404, "serve-model-unknown"));
        assert_eq!(answer.json()["error"], answer.json()["detail"], "the protocol's own name");
    }
}

#[test]
fn errors_speak_the_clients_language() {
    let server = Server::start();
    let ask = |lang: &str| {
        let headers = [("Accept-Language", lang)];
        server.client().send(
            "POST",
            "/api/predict",
            &headers,
            br#"{"age":"x","job":null,"owner":null}"#,
        )
    };
    let chinese = ask("zh");
    assert_eq!(chinese.header("content-language"), Some("zh-CN"));
    let document = chinese.json();
    assert_eq!(document["title"], "输入无效");
    assert!(document["errors"][0]["detail"].as_str().unwrap().contains("列 `age`"), "{document}");
    assert_eq!(document["errors"][0]["code"], "runtime-field-type", "codes have no language");
    assert_eq!(ask("en").json()["title"], "Input not valid");
}

#[test]
fn tensors_are_checked() {
    let server = Server::start();
    let ask = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({ "inputs": [
            { "name": "age", "datatype": "FP64", "shape": [1], "data": [30] },
            { "name": "job", "datatype": "BYTES", "shape": [1], "data": ["医生"] },
            { "name": "owner", "datatype": "BOOL", "shape": [1], "data": [true] },
        ] });
        change(&mut body);
        server.post("/v2/models/made-up/infer", &body)
    };
    assert_eq!(ask(&|_| {}).status, 200);
    let one = |change: &dyn Fn(&mut Value)| {
        let fields = ask(change).fields();
        assert_eq!(fields.len(), 1, "{fields:?}");
        fields.into_iter().next().unwrap()
    };
    let code = |change: &dyn Fn(&mut Value)| one(change).1;
    assert_eq!(code(&|body| body["inputs"][0]["datatype"] = json!("BYTES")), "serve-tensor-type");
    assert_eq!(code(&|body| body["inputs"][0]["datatype"] = json!("FLOAT")), "serve-tensor-type");
    assert_eq!(code(&|body| body["inputs"][0]["shape"] = json!([2])), "serve-tensor-shape");
    assert_eq!(code(&|body| body["inputs"][1]["data"] = json!([])), "serve-tensor-shape");
    let twice = ask(&|body| body["inputs"][1]["name"] = json!("age")).fields();
    assert_eq!(pairs(&twice), [("age", "serve-field-twice"), ("job", "runtime-field-missing")]);
    assert_eq!(code(&|body| body["outputs"] = json!([{ "name": "x" }])), "serve-tensor-output");
    let small = |body: &mut Value| {
        body["inputs"][0]["datatype"] = json!("INT8");
        body["inputs"][0]["data"] = json!([300]);
    };
    assert_eq!(one(&small), ("age.data[0]".to_owned(), "serve-tensor-range".to_owned()));
    for (datatype, value) in [("FP32", 1e300), ("FP16", 1e10), ("FP16", -65_505.0)] {
        let large = |body: &mut Value| {
            body["inputs"][0]["datatype"] = json!(datatype);
            body["inputs"][0]["data"] = json!([value]);
        };
        let told = ("age.data[0]".to_owned(), "serve-tensor-range".to_owned());
        assert_eq!(one(&large), told, "{datatype} {value}");
    }
    let category = |body: &mut Value| body["inputs"][1]["data"] = json!(["canary"]);
    let answer = ask(&category);
    assert_eq!(answer.fields()[0].1, "runtime-field-category");
    assert!(!answer.text().contains("canary"));
    for change in [
        (&|body: &mut Value| body["inputs"][0]["shape"] = json!("canary")) as &dyn Fn(&mut Value),
        &|body| body["inputs"][0]["data"] = json!({ "canary": 1 }),
        &|body| body["inputs"] = json!(7),
        &|body| body["id"] = json!(["canary"]),
    ] {
        let answer = ask(change);
        assert_eq!((answer.status, answer.problem().as_str()), (422, "serve-inference-shape"));
        assert!(!answer.text().contains("canary"));
    }
}
