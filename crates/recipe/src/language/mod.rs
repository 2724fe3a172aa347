//! The recipe language, described once: the checker, the JSON Schema and the messages are all read off this description.

mod clean;
mod compress;
mod lora;
mod nets;
mod protect;
mod quality;
mod run;
mod tables;

pub(crate) use nets::{BACKBONES, OWN};
pub(crate) use protect::{DATE_PARTS, LEVEL_FILE, LEVELS, PREFIX, WIDTH};
pub(crate) use tables::RECIPE;

/// A sentence about a table or key, in both languages, for editors that show the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doc {
    pub(crate) en: &'static str,
    pub(crate) zh: &'static str,
}

/// A table of the language.
#[derive(Debug)]
pub(crate) struct Table {
    /// How messages name it: `[project]`, or what an item of a list is.
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
}

impl Table {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// A key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: Doc,
    pub(crate) shape: Shape,
    pub(crate) presence: Presence,
    /// A line of TOML that is right, for messages.
    pub(crate) example: &'static str,
}

impl Key {
    /// Whether this version has it.
    pub(crate) fn is_here(&self) -> bool {
        !matches!(self.presence, Presence::Later)
    }
}

/// Whether a key must stand, and what holds when it does not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Presence {
    Required,
    Optional,
    Default(Literal),
    /// Designed, not built: known by name so that the message can say so.
    Later,
}

/// A default value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Literal {
    Text(&'static str),
    Boolean(bool),
    Integer(i64),
    Number(f64),
    List,
    /// The table with its own defaults.
    Table,
    /// A map without entries.
    Map,
}

/// What values a key takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text(Form),
    /// Text, a number, true or false; becomes text.
    Scalar,
    Boolean,
    /// `true` and nothing else.
    True,
    Integer(i64, i64),
    Number(Bounds),
    Choice(&'static [Choice]),
    /// A TOML date or the same as text.
    Date,
    List(&'static List),
    Table(&'static Table),
    /// Names chosen by the user to values of one shape.
    Map(&'static Map),
    /// A table whose values become text.
    Parameters(&'static Table),
    /// A word or one of several small tables.
    Generalization,
    /// A published network's name or a table with a file.
    Backbone,
}

/// A list of values of one shape.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) of: Shape,
    pub(crate) least: usize,
    pub(crate) distinct: bool,
    /// Written as `[[name]]`.
    pub(crate) tables: bool,
}

/// Keys of one form to values of one shape.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) key: Form,
    pub(crate) of: Shape,
}

/// One value of a closed set.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    /// Designed, not built.
    pub(crate) later: bool,
}

pub(crate) const fn choice(value: &'static str) -> Choice {
    Choice { value, later: false }
}

pub(crate) const fn later(value: &'static str) -> Choice {
    Choice { value, later: true }
}

/// What a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Anything but blanks.
    Any,
    /// A cell of a table: anything.
    Cell,
    ProjectName,
    Version,
    /// A name for lineage and reports.
    Name,
    /// A column that the data has.
    Column,
    /// A column that the recipe makes.
    NewColumn,
    Uri,
    Pattern,
    /// At least and at most so many milliseconds.
    Duration(u64, u64),
    Recipient,
    Listen,
    /// A host and a port.
    Address,
    Character,
}

/// The range of a number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) low: Option<(f64, Edge)>,
    pub(crate) high: Option<(f64, Edge)>,
}

/// Whether a bound belongs to the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    In,
    Out,
}

impl Bounds {
    pub(crate) const ANY: Self = Self { low: None, high: None };
    pub(crate) const POSITIVE: Self = Self { low: Some((0.0, Edge::Out)), high: None };
    pub(crate) const NOT_NEGATIVE: Self = Self { low: Some((0.0, Edge::In)), high: None };
    /// Above 0 and below 1.
    pub(crate) const OPEN_SHARE: Self =
        Self { low: Some((0.0, Edge::Out)), high: Some((1.0, Edge::Out)) };
    /// From 0 to below 1.
    pub(crate) const SHARE: Self =
        Self { low: Some((0.0, Edge::In)), high: Some((1.0, Edge::Out)) };
    /// Above 0, at most 1.
    pub(crate) const FRACTION: Self =
        Self { low: Some((0.0, Edge::Out)), high: Some((1.0, Edge::In)) };

    pub(crate) fn holds(&self, value: f64) -> bool {
        let low = self.low.is_none_or(|(bound, edge)| match edge {
            Edge::In => value >= bound,
            Edge::Out => value > bound,
        });
        let high = self.high.is_none_or(|(bound, edge)| match edge {
            Edge::In => value <= bound,
            Edge::Out => value < bound,
        });
        value.is_finite() && low && high
    }

    /// The range as an inequality that reads the same in every language: `0 < test < 1`.
    pub(crate) fn inequality(&self, key: &str) -> String {
        let sign = |edge| if edge == Edge::In { "≤" } else { "<" };
        let flipped = |edge| if edge == Edge::In { "≥" } else { ">" };
        match (self.low, self.high) {
            (Some((low, a)), Some((high, b))) => {
                format!("{low} {} {key} {} {high}", sign(a), sign(b))
            }
            (Some((low, edge)), None) => format!("{key} {} {low}", flipped(edge)),
            (None, Some((high, edge))) => format!("{key} {} {high}", sign(edge)),
            (None, None) => format!("|{key}| < ∞"),
        }
    }
}

/// Shorthands that keep the description readable.
pub(crate) const fn key(
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    shape: Shape,
    presence: Presence,
    example: &'static str,
) -> Key {
    Key { name, doc: Doc { en, zh }, shape, presence, example }
}

#[expect(dead_code, reason = "what is designed and not built is said to be so; no key is, today")]
pub(crate) const fn not_yet(name: &'static str) -> Key {
    Key {
        name,
        doc: Doc { en: "", zh: "" },
        shape: Shape::Scalar,
        presence: Presence::Later,
        example: "",
    }
}

pub(crate) const fn list(of: Shape) -> List {
    List { of, least: 0, distinct: false, tables: false }
}

pub(crate) const COLUMN: Shape = Shape::Text(Form::Column);
/// Columns, each once.
pub(crate) static COLUMNS: List = List { of: COLUMN, least: 0, distinct: true, tables: false };
pub(crate) const LIST: Presence = Presence::Default(Literal::List);
