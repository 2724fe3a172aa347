//! Functions that a model may call: how they are told to it, how its answer is held to their form, and how a call is found in
//! an answer.

use super::form::fault;
use super::order::{
    self,
    Step::{Index, Name},
};
use crate::problem::Problem;
use ingot_runtime::generate::ToolCall;
use serde_json::Value;

/// Functions at most.
const MOST: usize = 64;
const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";
/// The form of the arguments of a function that takes none.
const NONE: &str = "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}";
/// The key of a reference in a schema.
const REFERENCE: &str = "\"$ref\"";

/// Whether a function is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    None,
    Auto,
    Required,
    Named(String),
}

/// The functions of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tools {
    /// As they were sent, for the template.
    pub(crate) functions: Vec<Value>,
    pub(crate) choice: Choice,
}

impl Tools {
    pub(crate) fn read(tools: Option<&Value>, choice: Option<&Value>) -> Result<Self, Problem> {
        let functions = match tools {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) if list.len() <= MOST => list.clone(),
            Some(_) => {
                return Err(fault(
                    "tools",
                    ("a list of at most 64 functions", "最多 64 个函数的列表"),
                ));
            }
        };
        for (index, tool) in functions.iter().enumerate() {
            let named = tool.get("type").and_then(Value::as_str) == Some("function");
            if !named || name(tool).is_empty() {
                return Err(fault(
                    &format!("tools[{index}]"),
                    ("a function with a name", "带名称的函数"),
                ));
            }
        }
        let expected = (
            "`none`, `auto`, `required`, or a function of `tools`",
            "`none`、`auto`、`required`，或 `tools` 中的某个函数",
        );
        let choice = match choice {
            None | Some(Value::Null) => Choice::Auto,
            Some(Value::String(word)) => match word.as_str() {
                "none" => Choice::None,
                "auto" => Choice::Auto,
                "required" => Choice::Required,
                _ => return Err(fault("tool_choice", expected)),
            },
            Some(one) => Choice::Named(name(one).to_owned()),
        };
        let there = |wanted: &str| functions.iter().any(|tool| name(tool) == wanted);
        match &choice {
            Choice::Named(wanted) if !there(wanted) => Err(fault("tool_choice", expected)),
            Choice::Required if functions.is_empty() => Err(fault("tool_choice", expected)),
            _ => Ok(Self { functions, choice }),
        }
    }

    /// The functions that may be called now.
    pub(crate) fn offered(&self) -> &[Value] {
        if self.choice == Choice::None { &[] } else { &self.functions }
    }

    /// The form of an answer that must be a call, a JSON Schema; parameters stand in the order of `body`, the request.
    pub(crate) fn schema(&self, body: &str) -> Option<String> {
        let wanted = |tool: &Value| match &self.choice {
            Choice::None | Choice::Auto => false,
            Choice::Required => true,
            Choice::Named(wanted) => name(tool) == wanted,
        };
        let wanted = || self.functions.iter().enumerate().filter(|(_, tool)| wanted(tool));
        let forms: Vec<String> = wanted().map(|(index, tool)| form(tool, index)).collect();
        let parameters: Vec<String> = wanted()
            .map(|(index, _)| format!("\"f{index}\":{}", parameters(index, body)))
            .collect();
        // What a function's parameters lead to stands where they do.
        let named = format!("\"$defs\":{{{}}}", parameters.join(","));
        match forms.as_slice() {
            [] => None,
            [one] => Some(format!("{{{named},{one}}}")),
            several => {
                let forms: Vec<String> = several.iter().map(|one| format!("{{{one}}}")).collect();
                Some(format!("{{{named},\"anyOf\":[{}]}}", forms.join(",")))
            }
        }
    }

    /// The calls of an answer, and what it says beside them.
    pub(crate) fn calls(&self, answer: &str) -> (String, Vec<ToolCall>) {
        let mut said = String::new();
        let mut calls = Vec::new();
        let mut rest = answer;
        while let Some((before, after)) = rest.split_once(OPEN) {
            said.push_str(before);
            let (inside, left) = after.split_once(CLOSE).unwrap_or((after, ""));
            calls.extend(self.call(inside));
            rest = left;
        }
        if calls.is_empty()
            && let Some(call) = self.call(answer)
        {
            return (String::new(), vec![call]);
        }
        if calls.is_empty() {
            return (answer.to_owned(), calls);
        }
        said.push_str(rest);
        (said.trim().to_owned(), calls)
    }

    fn call(&self, text: &str) -> Option<ToolCall> {
        let value: Value = serde_json::from_str(text.trim()).ok()?;
        let called = value.get("name")?.as_str()?;
        let tool = self.functions.iter().find(|tool| name(tool) == called)?;
        let arguments = value.get("arguments").or_else(|| value.get("parameters"));
        // Whatever a model makes up for a function that takes nothing is none of its arguments.
        let arguments =
            if takes(tool) { arguments?.as_object()?.clone() } else { serde_json::Map::new() };
        Some(ToolCall {
            id: String::new(),
            name: called.to_owned(),
            arguments: Value::Object(arguments),
        })
    }

    /// The form of a function's arguments where the answer was held to it.
    pub(crate) fn promised(&self, called: &str) -> Option<&Value> {
        let forced = matches!(self.choice, Choice::Required | Choice::Named(_));
        let tool = self.functions.iter().find(|tool| forced && name(tool) == called)?;
        tool.get("function")?.get("parameters").filter(|form| form.is_object())
    }

    /// Whether what an answer begins with may still become a call: then nothing of it is shown yet.
    pub(crate) fn may_begin(begin: &str) -> bool {
        let begin = begin.trim_start();
        begin.starts_with('{') || begin.starts_with(OPEN) || OPEN.starts_with(begin)
    }
}

fn name(tool: &Value) -> &str {
    tool.get("function").and_then(|one| one.get("name")).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a function has parameters: where none are named, it has none.
fn takes(tool: &Value) -> bool {
    let parameters = tool.get("function").and_then(|function| function.get("parameters"));
    parameters.is_some_and(|parameters| !parameters.is_null())
}

/// The members of the form of a call of one function.
fn form(tool: &Value, index: usize) -> String {
    format!(
        "\"type\":\"object\",\"properties\":{{\"name\":{{\"const\":{}}},\"arguments\":{{\"$ref\":\"#/$defs/f{index}\"}}}},\
         \"required\":[\"name\",\"arguments\"],\"additionalProperties\":false",
        Value::from(name(tool)),
    )
}

/// The form of a function's arguments, with its references to its own root led to where it stands among all.
fn parameters(index: usize, body: &str) -> String {
    let path = [Name("tools"), Index(index), Name("function"), Name("parameters")];
    let mut rest = match order::member(body, &path) {
        None | Some("null") => NONE,
        Some(parameters) if parameters.starts_with('{') => parameters,
        Some(_) => "{\"type\":\"object\"}",
    };
    let mut led = String::with_capacity(rest.len() + 16);
    while let Some((before, after)) = rest.split_once(REFERENCE) {
        led.extend([before, REFERENCE]);
        rest = after;
        // A key, and no text that is called so.
        let target = after.trim_start().strip_prefix(':').map(str::trim_start);
        if let Some(target) = target.and_then(|target| target.strip_prefix("\"#"))
            && target.starts_with(['/', '"'])
        {
            led.extend([":\"#/$defs/f", &index.to_string()]);
            rest = target;
        }
    }
    led.push_str(rest);
    led
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tools(choice: &Value) -> Result<Tools, Problem> {
        let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
        Tools::read(Some(&json!([tool("weather"), tool("time")])), Some(choice))
    }

    #[test]
    fn calls_are_found_in_answers() {
        let tools = tools(&json!("auto")).unwrap();
        let (said, calls) = tools.calls("Let me see.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"上海\"}}\n</tool_call>");
        assert_eq!(
            (said.as_str(), calls[0].arguments["city"].as_str()),
            ("Let me see.", Some("上海"))
        );
        let (said, calls) = tools.calls(" {\"name\":\"time\",\"parameters\":{}} ");
        assert_eq!((said.as_str(), calls[0].name.as_str()), ("", "time"));
        for plain in ["{\"name\":\"rm\",\"arguments\":{}}", "no <tool_call> here", "{\"a\":1}"] {
            assert_eq!(tools.calls(plain), (plain.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn a_function_without_parameters_is_called_without_arguments() {
        let tool = |more: Value| {
            let mut function = json!({"name": "now"});
            function.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([{"type": "function", "function": function}])
        };
        let called = |more: Value, answer: &str| {
            let tools = Tools::read(Some(&tool(more)), None).unwrap();
            tools.calls(answer).1.pop().map(|call| call.arguments)
        };
        let invented = r#"{"name":"now","arguments":{"city":"London"}}"#;
        assert_eq!(called(json!({}), invented), Some(json!({})));
        assert_eq!(called(json!({"parameters": null}), invented), Some(json!({})));
        assert_eq!(called(json!({}), r#"{"name":"now"}"#), Some(json!({})));
        let open = json!({"parameters": {"type": "object"}});
        assert_eq!(called(open.clone(), invented), Some(json!({"city": "London"})));
        assert_eq!(called(open, r#"{"name":"now"}"#), None);
    }

    #[test]
    fn what_must_be_called_is_a_form() {
        let body = r#"{"tools":[{"function":{}},{"function":{"parameters":{"type":"object","properties":{"z":{},"a":{}}}}}]}"#;
        let schema = |choice: &Value| tools(choice).unwrap().schema(body);
        assert!(schema(&json!("auto")).is_none());
        let both: Value = serde_json::from_str(&schema(&json!("required")).unwrap()).unwrap();
        assert_eq!(both["anyOf"].as_array().unwrap().len(), 2);
        assert_eq!(both["anyOf"][1]["properties"]["arguments"]["$ref"], "#/$defs/f1");
        let named = json!({"type": "function", "function": {"name": "time"}});
        let text = schema(&named).unwrap();
        assert!(text.contains(r#""f1":{"type":"object","properties":{"z":{},"a":{}}}"#), "{text}");
        let text = schema(&json!("required")).unwrap();
        let none = r#""f0":{"type":"object","properties":{},"additionalProperties":false}"#;
        assert!(text.contains(none), "{text}");
        for body in [r#"{"tools":[{"function":{"parameters": null }}]}"#, "{}"] {
            let text = tools(&json!("required")).unwrap().schema(body).unwrap();
            assert!(text.contains(none), "{text}");
        }
        let open = r#"{"tools":[{"function":{"parameters":{"type":"object"}}},{}]}"#;
        let text = tools(&json!("required")).unwrap().schema(open).unwrap();
        assert!(text.contains(r#""f0":{"type":"object"}"#), "{text}");
        assert!(
            tools(&json!({"function": {"name": "rm"}})).is_err() && tools(&json!("maybe")).is_err()
        );
        assert!(tools(&json!("none")).unwrap().offered().is_empty());
    }

    #[test]
    fn what_parameters_lead_to_goes_with_them() {
        let body = r##"{"tools":[{"function":{"parameters":{"$defs":{"Node":{"properties":{"next":{"$ref": "#/$defs/Node"},"all":{"$ref":"#"}}}},
            "properties":{"node":{"$ref" : "#/$defs/Node","description":"\"$ref\" is \"#/\""}}}}}]}"##;
        let of = parameters(0, body);
        let of: Value = serde_json::from_str(&of).unwrap();
        let node = &of["$defs"]["Node"]["properties"];
        assert_eq!(
            (&node["next"]["$ref"], &node["all"]["$ref"]),
            (&json!("#/$defs/f0/$defs/Node"), &json!("#/$defs/f0"))
        );
        assert_eq!(of["properties"]["node"]["$ref"], "#/$defs/f0/$defs/Node");
        assert_eq!(of["properties"]["node"]["description"], "\"$ref\" is \"#/\"");
    }

    #[test]
    fn a_begin_that_may_become_a_call_is_held() {
        assert!(Tools::may_begin("") && Tools::may_begin(" <tool") && Tools::may_begin("{\"a"));
        assert!(!Tools::may_begin("Hello") && !Tools::may_begin("<b>"));
    }
}
