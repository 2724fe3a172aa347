//! SQL predicates over one row: compiled by the table engine, their faults told in words that are not the engine's.

use crate::messages::{
    SQL_CHANGING, SQL_FUNCTION, SQL_LENGTH, SQL_NOT_CONDITION, SQL_NOT_ROW, SQL_QUOTE, SQL_REST,
    SQL_VALUE, SQL_WANTED, SQL_WRONG,
};
use crate::names::{listed, unknown_column};
use crate::table::kind;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue, SchemaError};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr as Logical, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArguments, visit_expressions};
use datafusion::sql::sqlparser::parser::ParserError;
use ingot_base::{Fault, Result};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Characters of an expression shown on either side of what is wrong.
const SHOWN: usize = 40;
/// Characters of the engine's own words at most.
const WORDS: usize = 160;
/// Functions that make a value of any length that a number names,
const LENGTHENING: [&str; 7] =
    ["lpad", "rpad", "repeat", "array_repeat", "array_resize", "range", "generate_series"];
/// and the largest number that they may name: each row's value takes that much memory.
const LONGEST: u64 = 10_000;

/// The condition over rows of these columns.
///
/// # Errors
/// When the expression cannot be read, looks at more than one row, names what is not there, or gives neither true nor false.
pub(crate) fn condition(sql: &str, fields: &[Field]) -> Result<Arc<dyn PhysicalExpr>> {
    let known: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    let context = SessionContext::new();
    let state = context.state();
    let dialect = state.config().options().sql_parser.dialect;
    let tree = state
        .sql_to_expr_with_alias(sql, &dialect)
        .map_err(|error| unreadable(sql, &error).arg("known", listed(&known)))?;
    // What the parser takes for another name of the condition is the beginning of something it did not understand.
    if let Some(rest) = &tree.alias {
        let place = rest.span.start;
        let place = usize::try_from(place.line).ok().zip(usize::try_from(place.column).ok());
        return Err(Fault::new(&SQL_REST).arg("shown", marked(sql, place)));
    }
    let beyond = visit_expressions(&tree.expr, |part| match beyond_row(part, &state) {
        Some(words) => ControlFlow::Break(words),
        None => ControlFlow::Continue(()),
    });
    if let ControlFlow::Break(part) = beyond {
        return Err(Fault::new(&SQL_NOT_ROW).arg("part", part).arg("known", listed(&known)));
    }
    let schema = Schema::new(fields.to_vec());
    let unplanned = |error: DataFusionError| unplanned(&error, &known);
    let named = DFSchema::try_from(schema.clone()).map_err(unplanned)?;
    let expression = state.create_logical_expr_from_sql_expr(tree, &named).map_err(unplanned)?;
    // Before it is simplified, which computes what is constant.
    lasting(sql, &expression)?;
    let compile = || -> datafusion::error::Result<(Arc<dyn PhysicalExpr>, DataType)> {
        let simplifying = SimplifyContext::builder()
            .with_schema(Arc::new(named.clone()))
            .with_config_options(Arc::clone(state.config_options()))
            .build();
        let simplifier = ExprSimplifier::new(simplifying);
        // Functions that are another way of writing something else, such as coalesce, have no other meaning than that.
        let expression = simplifier.simplify(simplifier.coerce(expression, &named)?)?;
        let physical = context.create_physical_expr(expression, &named)?;
        let kind = physical.data_type(&schema)?;
        Ok((physical, kind))
    };
    match compile() {
        Ok((physical, DataType::Boolean)) => Ok(physical),
        Ok((_, other)) => Err(Fault::new(&SQL_NOT_CONDITION).arg("kind", kind(&other))),
        Err(error) => Err(unplanned(error)),
    }
}

/// Refuses functions whose result is another at another time: the same rows would not be kept twice. And values of a length
/// that nobody means.
fn lasting(sql: &str, expression: &Logical) -> Result<()> {
    let mut fault = None;
    let walked = expression.apply(|part| {
        if let Logical::ScalarFunction(function) = part {
            fault = unlasting(sql, function);
        }
        Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    walked.map_err(|error| other(&error))?;
    fault.map_or(Ok(()), Err)
}

fn unlasting(sql: &str, function: &ScalarFunction) -> Option<Fault> {
    let name = function.func.name();
    let shown = || marked(sql, Some(place_of(sql, name)));
    if function.func.signature().volatility != Volatility::Immutable {
        return Some(Fault::new(&SQL_CHANGING).arg("name", name).arg("shown", shown()));
    }
    let long = |argument: &Logical| match argument {
        Logical::Literal(ScalarValue::Int64(Some(value)), _) => value.unsigned_abs() > LONGEST,
        Logical::Literal(ScalarValue::UInt64(Some(value)), _) => *value > LONGEST,
        _ => false,
    };
    (LENGTHENING.contains(&name) && function.args.iter().any(long)).then(|| {
        Fault::new(&SQL_LENGTH).arg("name", name).arg("most", LONGEST).arg("shown", shown())
    })
}

/// Line and column, from 1, where a function is called; of one that is called by another name, the beginning.
fn place_of(sql: &str, name: &str) -> (usize, usize) {
    let before = sql.to_ascii_lowercase().find(name).and_then(|at| sql.get(..at));
    let before = before.unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// What of an expression looks at other rows, as a person would write it.
fn beyond_row(part: &Expr, state: &SessionState) -> Option<String> {
    match part {
        Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
            Some("`(SELECT …)`".to_owned())
        }
        Expr::Function(Function { args: FunctionArguments::Subquery(_), .. }) => {
            Some("`(SELECT …)`".to_owned())
        }
        Expr::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            let name = name.trim_matches('"');
            let window = state.window_functions().contains_key(name);
            if function.over.is_some() || window {
                Some(format!("`{name}(…) OVER (…)`"))
            } else if state.aggregate_functions().contains_key(name) {
                Some(format!("`{name}(…)`"))
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Why the parser gave up, and where.
fn unreadable(sql: &str, error: &DataFusionError) -> Fault {
    let DataFusionError::SQL(inner, _) = error.find_root() else { return other(error) };
    let (ParserError::ParserError(text) | ParserError::TokenizerError(text)) = inner.as_ref()
    else {
        return Fault::new(&SQL_WRONG).arg("reason", inner.to_string());
    };
    let (said, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
    let place = place.split_once(", Column: ");
    let place = place.and_then(|(line, column)| line.parse().ok().zip(column.parse().ok()));
    let shown = marked(sql, place);
    let wanted = said.strip_prefix("Expected: ").and_then(|said| said.rsplit_once(", found: "));
    match (inner.as_ref(), wanted) {
        (ParserError::TokenizerError(_), _) => Fault::new(&SQL_QUOTE).arg("shown", shown),
        (_, Some(("an expression", _))) => Fault::new(&SQL_VALUE).arg("shown", shown),
        (_, Some(("end of expression", _))) => Fault::new(&SQL_REST).arg("shown", shown),
        (_, Some((wanted, _))) => {
            Fault::new(&SQL_WANTED).arg("shown", shown).arg("wanted", wanted.replace('`', ""))
        }
        (_, None) => Fault::new(&SQL_WRONG).arg("reason", short(said)),
    }
}

/// The expression around a place, which is marked: a line and a column, from 1, or else the end.
fn marked(sql: &str, place: Option<(usize, usize)>) -> String {
    let letters: Vec<char> = sql.chars().collect();
    let at = place.map_or(letters.len(), |(line, column)| {
        let ends = letters.iter().enumerate().filter(|(_, letter)| **letter == '\n');
        let starts: Vec<usize> = std::iter::once(0).chain(ends.map(|(end, _)| end + 1)).collect();
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(letters.len());
        (start + column.saturating_sub(1)).min(letters.len())
    });
    let (before, after) = letters.split_at(at);
    let skipped = before.len().saturating_sub(SHOWN);
    let mut shown = String::from(if skipped > 0 { "…" } else { "" });
    shown.extend(before.iter().skip(skipped));
    shown.push('‸');
    shown.extend(after.iter().take(SHOWN));
    shown.push_str(if after.len() > SHOWN { "…" } else { "" });
    shown.replace(['\n', '\r', '\t'], " ")
}

/// Why an expression that could be read has no meaning over these columns.
fn unplanned(error: &DataFusionError, known: &[&str]) -> Fault {
    let root = error.find_root();
    if let DataFusionError::SchemaError(inner, _) = root
        && let SchemaError::FieldNotFound { field, .. } = inner.as_ref()
    {
        return unknown_column(&field.name, known);
    }
    let words = root.message();
    let function = words.strip_prefix("Invalid function '").and_then(|rest| rest.split_once('\''));
    let fault = match function {
        Some((name, _)) => Fault::new(&SQL_FUNCTION).arg("name", name),
        None => other(root),
    };
    fault.arg("known", listed(known))
}

/// The engine's own words, without its names of types and its inner forms.
fn other(error: &DataFusionError) -> Fault {
    const INNER: &str = "does not support logical expression";
    let words = error.message();
    let words = if words.contains(INNER) {
        "this kind of expression is not supported in a condition"
    } else {
        words.lines().next().unwrap_or_default()
    };
    let mut words = words.to_owned();
    for (name, word) in [
        ("LargeUtf8", "text"),
        ("Utf8View", "text"),
        ("Utf8", "text"),
        ("Int64", "integer"),
        ("Float64", "number"),
        ("Boolean", "boolean"),
        ("Date32", "date"),
    ] {
        words = words.replace(name, word);
    }
    Fault::new(&SQL_WRONG).arg("reason", short(&words))
}

fn short(words: &str) -> String {
    let mut text: String = words.chars().take(WORDS).collect();
    if words.chars().nth(WORDS).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
    use ingot_base::Lang;

    fn fault(sql: &str) -> Fault {
        let field = |name: &str, kind| Field::new(name, kind, true);
        let fields = [
            field("age", DataType::Int64),
            field("名", DataType::Utf8),
            field("Sum", DataType::Float64),
        ];
        condition(sql, &fields).err().unwrap_or_else(|| panic!("{sql} is a condition"))
    }

    /// One short sentence a language, without the engine's inner forms.
    fn plain(fault: &Fault) {
        for lang in [Lang::En, Lang::Zh] {
            let text = fault.render(lang);
            assert!(text.chars().count() < 260 && !text.contains('\n'), "{text}");
            for inner in
                ["ParserError", "(\"", "Function {", "AggregateFunction", "planning", "Utf8"]
            {
                assert!(!text.contains(inner), "{inner} is in {text}");
            }
            assert!(!text.contains('{'), "an argument is missing: {text}");
        }
    }

    #[test]
    fn what_looks_at_other_rows_is_told_by_its_name() {
        for (sql, part) in [
            ("sum(\"age\") > 3", "`sum(…)`"),
            ("age > AVG(age)", "`avg(…)`"),
            ("count(*) > 1", "`count(…)`"),
            ("row_number() over (order by age) = 1", "`row_number(…) OVER (…)`"),
            ("sum(age) over () > 3", "`sum(…) OVER (…)`"),
            ("age in (select 1)", "`(SELECT …)`"),
            ("age > (select max(age) from t)", "`(SELECT …)`"),
            ("exists (select 1)", "`(SELECT …)`"),
        ] {
            let fault = fault(sql);
            assert_eq!(fault.code(), "data-sql-not-row", "{sql}");
            assert!(fault.render(Lang::En).contains(part), "{sql}: {fault}");
            plain(&fault);
        }
        let field = Field::new("Sum", DataType::Float64, true);
        assert!(condition("\"Sum\" > 3 and abs(\"Sum\") < 9", &[field]).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_marked() {
        for (sql, code, shown) in [
            ("age > ", "data-sql-value", "`age > ‸`"),
            ("age >", "data-sql-value", "`age >‸`"),
            ("age > ) 3", "data-sql-value", "`age > ‸) 3`"),
            ("age > 3 ,", "data-sql-rest", "`age > 3 ‸,`"),
            ("age > 3 名 = 'x'", "data-sql-rest", "`age > 3 ‸名 = 'x'`"),
            ("age > 3 名", "data-sql-rest", "`age > 3 ‸名`"),
            ("(age > 3", "data-sql-wanted", "`(age > 3‸`"),
            ("age between 3", "data-sql-wanted", "`age between 3‸`"),
            ("名 = 'x", "data-sql-quote", "`名 = ‸'x`"),
        ] {
            let fault = fault(sql);
            assert_eq!(fault.code(), code, "{sql}: {fault}");
            for lang in [Lang::En, Lang::Zh] {
                assert!(fault.render(lang).contains(shown), "{sql}: {}", fault.render(lang));
            }
            plain(&fault);
        }
        let long = format!("{} and age >", vec!["age > 3"; 40].join(" and "));
        plain(&fault(&long));
    }

    #[test]
    fn what_has_no_meaning_is_told_in_a_sentence() {
        for (sql, code) in [
            ("nosuch(age) > 3", "data-sql-function"),
            ("aeg > 3", "data-column-unknown"),
            ("age + 1", "data-sql-not-condition"),
            ("名 + 1 > 3", "data-sql-wrong"),
            ("age = $1", "data-sql-wrong"),
        ] {
            let fault = fault(sql);
            assert_eq!(fault.code(), code, "{sql}: {fault}");
            plain(&fault);
        }
    }

    #[test]
    fn what_gives_other_rows_another_time_is_refused_by_its_name() {
        for (sql, shown) in [
            ("random() > 0.5", "`‸random() > 0.5`"),
            ("age > 3 and uuid() <> 名", "`age > 3 and ‸uuid() <> 名`"),
            ("now() > '2020-01-01'", "`‸now() > '2020-01-01'`"),
            ("名 < 'x' or current_date > '2020-01-01'", "or ‸current_date"),
        ] {
            let fault = fault(sql);
            assert_eq!(fault.code(), "data-sql-changing", "{sql}: {fault}");
            for lang in [Lang::En, Lang::Zh] {
                assert!(fault.render(lang).contains(shown), "{sql}: {}", fault.render(lang));
            }
            plain(&fault);
        }
        let long = fault("length(lpad(名, 2147483647, 'x')) > 3");
        assert_eq!(long.code(), "data-sql-length");
        plain(&long);
    }

    #[test]
    fn common_sql_has_its_meaning() {
        let fields =
            [Field::new("age", DataType::Int64, true), Field::new("名", DataType::Utf8, true)];
        let ages: ArrayRef = Arc::new(Int64Array::from(vec![Some(20), None]));
        let names: ArrayRef = Arc::new(StringArray::from(vec![None, Some("x")]));
        let batch = RecordBatch::try_from_iter([("age", ages), ("名", names)]).unwrap();
        for (sql, wanted) in [
            ("coalesce(age, 0) > 3", [true, false]),
            ("NVL(age, 9) > 10", [true, false]),
            ("ifnull(名, '') = ''", [true, false]),
            ("nullif(age, 20) is null", [true, true]),
            ("lpad(coalesce(名, 'y'), 3, '-') = '--x'", [false, true]),
            ("case when age > 3 then true else false end", [true, false]),
            ("age between 10 and 30 and 名 is null", [true, false]),
        ] {
            let physical = condition(sql, &fields).unwrap_or_else(|fault| panic!("{sql}: {fault}"));
            let found = physical.evaluate(&batch).unwrap().into_array(2).unwrap();
            let found: Vec<bool> = found.as_boolean().iter().map(|it| it == Some(true)).collect();
            assert_eq!(found, wanted, "{sql}");
        }
    }

    #[test]
    fn the_columns_are_listed_once_and_of_many_some() {
        let fields: Vec<Field> =
            (0..40).map(|at| Field::new(format!("c{at}"), DataType::Int64, true)).collect();
        for sql in ["c1 > ", "sum(c1) > 3", "nosuch(c1) > 3", "column_of_nobody > 3"] {
            let fault = condition(sql, &fields).err().unwrap_or_else(|| panic!("{sql}"));
            let known: Vec<_> = fault.args().iter().filter(|(name, _)| *name == "known").collect();
            assert_eq!(known.len(), 1, "{sql}");
            assert!(known[0].1.starts_with("c0, c1, ") && known[0].1.ends_with("c29, …"), "{sql}");
        }
    }
}
