//! What good requests get.

use crate::fake::{Behaviour, score};
use crate::support::{Server, row};
use serde_json::{Value, json};

#[test]
fn one_object_a_list_and_the_envelope_get_exactly_the_promised_members() {
    let server = Server::start();
    let one = server.post("/api/predict", &row(30.0));
    assert_eq!((one.status, one.header("content-type")), (200, Some("application/json")));
    let one = one.json();
    let mut members: Vec<_> = one.as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["model", "predictions", "request_id", "usage", "version"]);
    assert_eq!((&one["model"], &one["version"]), (&json!("made-up"), &json!("1.0.0")));
    assert_eq!(one["usage"], json!({ "rows": 1 }));
    let wanted = score(&[30.0, 0.0, 1.0]);
    assert_eq!(
        one["predictions"],
        json!([{ "label": "good", "score": wanted, "probabilities": { "good": 1.0 - wanted, "bad": wanted } }])
    );
    let list = server.post("/api/predict", &json!([row(30.0), row(50.0), row(99.0)])).json();
    assert_eq!(list["usage"], json!({ "rows": 3 }));
    let labels: Vec<&Value> =
        list["predictions"].as_array().unwrap().iter().map(|row| &row["label"]).collect();
    assert_eq!(labels, ["good", "bad", "bad"]);
    for body in
        [json!({ "model": "made-up", "inputs": [row(30.0)] }), json!({ "inputs": [row(30.0)] })]
    {
        assert_eq!(server.post("/api/predict", &body).json()["predictions"], one["predictions"]);
    }
}

#[test]
fn members_may_come_in_any_order_and_with_any_white_space() {
    let server = Server::start();
    for body in [
        "\n { \"owner\" : true,\t\"age\":30 , \"job\":\"\\u533b\\u751f\"}\r\n",
        "{\"inputs\":[{\"age\":3e1,\"owner\":true,\"job\":\"医生\"}],\"model\":\"made-up\"}",
        "{\"\\u0061ge\":30.0,\"job\":\"医生\",\"owner\":true}",
    ] {
        let answer = server.client().send("POST", "/api/predict", &[], body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["predictions"][0]["score"], score(&[30.0, 0.0, 1.0]));
    }
}

#[test]
fn null_is_missing_where_the_column_allows_it() {
    let server = Server::start();
    let body = json!({ "age": 30, "job": null, "owner": null });
    let answer = server.post("/api/predict", &body);
    assert_eq!(answer.json()["predictions"][0]["score"], 0.3);
}

#[test]
fn several_models_are_selected_by_name() {
    let server = Server::with(Behaviour::default(), |settings| {
        let other = settings.packages[0].with_file_name("other-2.0.ingot");
        ingot_base::atomic::write(&other, b"other 2.0").unwrap();
        settings.packages.push(other);
    });
    let answer = |body: Value| server.post("/api/predict", &body);
    for body in [row(30.0), json!([row(30.0)]), json!({ "inputs": [row(30.0)] })] {
        let unnamed = answer(body.clone());
        assert_eq!((unnamed.status, unnamed.problem().as_str()), (422, "serve-model-unnamed"));
        assert!(unnamed.text().contains("made-up, other"), "{}", unnamed.text());
        let named = server.post("/api/predict?model=other", &body).json();
        assert_eq!(named["model"], "other", "{named}");
    }
    let two = json!({ "model": "made-up", "inputs": [row(30.0)] });
    let two = server.post("/api/explain?model=other", &two);
    assert_eq!((two.status, two.problem().as_str()), (422, "serve-model-two"));
    let other = answer(json!({ "model": "other", "inputs": [row(30.0)] })).json();
    assert_eq!((&other["model"], &other["version"]), (&json!("other"), &json!("2.0")));
    let unknown = answer(json!({ "model": "nobody", "inputs": [row(30.0)] }));
    assert_eq!((unknown.status, unknown.problem().as_str()), (404, "serve-model-unknown"));
    assert!(unknown.text().contains("other 2.0") && !unknown.text().contains("nobody"));
}

#[test]
fn an_explanation_speaks_the_clients_language() {
    let server = Server::start();
    let ask = |lang: &str| {
        let body = json!([row(40.0), row(60.0)]).to_string();
        server.client().send("POST", "/api/explain", &[("Accept-Language", lang)], body.as_bytes())
    };
    let chinese = ask("zh-CN,en;q=0.5");
    assert_eq!(chinese.header("content-language"), Some("zh-CN"));
    let chinese = chinese.json();
    let first = &chinese["explanations"][0];
    assert_eq!(first["reasons"], json!([{ "code": "R01", "text": "年龄偏高。" }]));
    assert_eq!(first["contributions"][0]["title"], "age 的名称");
    assert_eq!(first["score"], score(&[40.0, 0.0, 1.0]));
    let sum = first["base"].as_f64().unwrap()
        + first["contributions"][0]["contribution"].as_f64().unwrap();
    assert!((sum - score(&[40.0, 0.0, 1.0])).abs() < 1e-12);
    assert_eq!(chinese["explanations"][1]["label"], "bad");
    assert_eq!(chinese["usage"]["rows"], 2);
    assert_eq!(ask("fr").json()["explanations"][0]["reasons"][0]["text"], "The age is high.");
}

#[test]
fn the_open_inference_protocol_is_spoken() {
    let server = Server::start();
    assert_eq!(server.get("/v2").json()["name"], "ingot");
    assert_eq!(server.get("/v2/health/live").json()["live"], true);
    assert_eq!(server.get("/v2/health/ready").json()["ready"], true);
    for path in ["/v2/models/made-up", "/v2/models/made-up/versions/1.0.0"] {
        let about = server.get(path).json();
        assert_eq!(about["versions"], json!(["1.0.0"]));
        assert_eq!(
            about["inputs"][1],
            json!({ "name": "job", "datatype": "BYTES", "shape": [-1] })
        );
        assert_eq!(about["outputs"][2]["shape"], json!([-1, 2]));
        assert_eq!(server.get(&format!("{path}/ready")).json()["ready"], true);
    }
    let tensor = |name: &str, datatype: &str, shape: Value, data: Value| json!({ "name": name, "datatype": datatype, "shape": shape, "data": data });
    let body = json!({
        "id": "我的 \"1\"",
        "inputs": [
            tensor("owner", "BOOL", json!([2]), json!([true, null])),
            tensor("age", "INT32", json!([2, 1]), json!([[30], [60]])),
            tensor("job", "BYTES", json!([2]), json!(["医生", "工人"])),
        ],
    });
    let answer = server.post("/v2/models/made-up/infer", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!((&answer["model_name"], &answer["id"]), (&json!("made-up"), &body["id"]));
    let scores = [score(&[30.0, 0.0, 1.0]), 0.6];
    assert_eq!(
        answer["outputs"],
        json!([
            { "name": "score", "datatype": "FP64", "shape": [2], "data": scores },
            { "name": "label", "datatype": "BYTES", "shape": [2], "data": ["good", "bad"] },
            { "name": "probabilities", "datatype": "FP64", "shape": [2, 2],
              "data": [1.0 - scores[0], scores[0], 1.0 - scores[1], scores[1]] },
        ])
    );
    let mut one = body;
    one["outputs"] = json!([{ "name": "label" }]);
    let answer = server.post("/v2/models/made-up/versions/1.0.0/infer", &one).json();
    assert_eq!(answer["outputs"].as_array().unwrap().len(), 1);
}

#[test]
fn every_answer_names_its_request() {
    let server = Server::start();
    let answer = server.post("/api/predict", &row(30.0));
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(answer.json()["request_id"], id);
    assert!(server.log().contains(id));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_ne!(server.get("/healthz").header("x-request-id"), Some(id));
}

#[test]
fn a_fraction_where_training_saw_whole_numbers_is_answered_with_a_warning() {
    let server = Server::start();
    let predictions = server.post("/api/predict", &json!([row(30.0), row(30.5)])).json();
    let predictions = &predictions["predictions"];
    assert!(predictions[0].get("warnings").is_none(), "{predictions}");
    let warning = &predictions[1]["warnings"][0];
    assert_eq!(
        (&warning["field"], &warning["code"]),
        (&json!("age"), &json!("serve-field-fraction"))
    );
    assert!(!warning["detail"].as_str().unwrap().contains("30.5"), "no value is repeated");
}

#[test]
fn a_number_far_outside_what_training_saw_is_answered_with_a_warning() {
    let server = Server::start();
    let body = json!([row(30.0), row(3000.0), row(97.0)]);
    let answer = server.post("/api/predict", &body);
    assert_eq!((answer.status, answer.header("content-language")), (200, Some("en")));
    let predictions = answer.json()["predictions"].clone();
    assert!(predictions[0].get("warnings").is_none());
    assert!(predictions[2].get("warnings").is_none(), "97 is near the known 90");
    let warnings = predictions[1]["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!(
        (&warnings[0]["field"], &warnings[0]["code"]),
        (&json!("age"), &json!("serve-field-outside"))
    );
    let detail = warnings[0]["detail"].as_str().unwrap();
    assert!(detail.contains("`age`") && detail.contains("18 to 90"), "{detail}");
    assert!(!detail.contains("3000"), "no value is repeated");
    let language = [("accept-language", "zh-CN")];
    let body = row(-500.0).to_string();
    let answer = server.client().send("POST", "/api/predict", &language, body.as_bytes());
    assert_eq!(answer.header("content-language"), Some("zh-CN"));
    let detail = answer.json()["predictions"][0]["warnings"][0]["detail"].clone();
    assert!(detail.as_str().unwrap().contains("18 至 90"), "{detail}");
    let plain = server.post("/api/predict", &row(30.0));
    assert_eq!(plain.header("content-language"), None);
    let document = server.client().send("GET", "/openapi.json", &[], b"").json();
    let known = &document["components"]["schemas"]["Prediction"]["properties"]["warnings"];
    assert_eq!(known["type"], "array", "{document}");
}
