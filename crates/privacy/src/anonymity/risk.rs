//! What a table tells about the persons in it: sizes of its classes, re-identification risk, and what its classes reveal.
//!
//! Rows with the same quasi-identifiers form a class; null equals null. All figures are of the table as it is.
//!
//! Where a column names persons, sizes of classes are numbers of different persons, and a person who is in several classes counts in
//! each of them; whoever is written in several ways ([`ingot_base::told_apart`]) is one. Only shares of persons who are alone or at risk
//! count each person once, by the worst class that the person is in. What an attacker learns who puts several rows of one
//! person together is no part of these figures.

use super::encode::{Coded, encode, parts};
use super::groups::Groups;
use super::messages::{POPULATION_SMALLER, TABLE_EMPTY};
use super::models::{Class, pairwise, presence, shares};
use super::numbers::{at, by, code, real};
use super::persons::Persons;
use super::policy::once;
use super::spread::Spread;
use arrow::array::RecordBatch;
use ingot_base::{Fault, Result, fault};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Prosecutor risk above which a person counts as at risk: a class of fewer than 5, the usual threshold (El Emam, "Guide to the
/// de-identification of personal health information", 2013).
pub const AT_RISK: f64 = 0.2;

/// The anonymity of a table. Shares and risks are in [0, 1]; entropies in nats. Where a column names persons the figures count
/// persons, save for those that say that they count rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// Rows of the table.
    pub rows: u64,
    /// Different persons in it; none where each row counts as a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u64>,
    /// Different combinations of quasi-identifiers.
    pub classes: u64,
    /// Persons in the smallest class: the table is k-anonymous for every k up to this.
    pub k: u64,
    /// Persons in the largest class.
    pub largest_class: u64,
    /// Mean persons in a class.
    pub mean_class: f64,
    /// Median persons in a class.
    pub median_class: f64,
    /// Rows of persons that are alone in their class.
    pub unique_rows: u64,
    /// Share of persons that are alone in their class, or in any of their classes.
    pub uniqueness: f64,
    /// Re-identification risk.
    pub reidentification: Reidentification,
    /// The models over all sensitive columns, the worst of each; none without sensitive columns.
    pub models: Option<Models>,
    /// Each sensitive column by itself.
    pub sensitive: Vec<SensitiveRisk>,
    /// δ-presence: least and largest share of a population class that is in the table; none without a population.
    pub presence: Option<(f64, f64)>,
}

/// The three attackers of El Emam and Dankar, "Protecting privacy using k-anonymity" (2008). f is the size of a person's class in the
/// table, F in the population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reidentification {
    /// Looks for one person known to be in the table: largest 1/f.
    pub prosecutor_highest: f64,
    /// Mean of 1/f over the persons: classes ÷ persons.
    pub prosecutor_average: f64,
    /// Share of persons with 1/f above [`AT_RISK`] in any of their classes.
    pub prosecutor_at_risk: f64,
    /// Mean of 1/f over the classes.
    pub class_average: f64,
    /// Looks for anyone, through the population: largest 1/F. Without a population F is taken as f, the worst case.
    pub journalist_highest: f64,
    /// Share of persons with 1/F above [`AT_RISK`] in any of their classes.
    pub journalist_at_risk: f64,
    /// Wants as many matches as possible: mean of 1/F over the persons, the expected share of right matches.
    pub marketer: f64,
    /// Share of persons that are alone in the population too; none without a population.
    pub population_unique: Option<f64>,
}

/// The figures that pyCANON 1.3 calculates, in its definitions, so that both print the same where each row is a person.
///
/// Where a column names persons, a value's share in α, β and δ is that of the persons who hold it, among others or alone: (X,
/// Y)-linkability of Wang and Fung, "Anonymizing sequential releases" (2006). In the entropy and t each person weighs one in all, in
/// equal parts over the person's different values. How many rows a value has is of no matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// (α, k)-anonymity: largest share of one value in a class.
    pub alpha: f64,
    /// Distinct l-diversity: fewest different values in a class. Where persons hold several: fewest values whose holders, added up,
    /// are as many as the class has persons; so of fewer values somebody has none, and it is 1 where a value is everybody's.
    pub distinct_l: u64,
    /// Entropy l-diversity: e to the least entropy of a class, cut to a whole number. A class's entropy is at most the logarithm of
    /// its distinct l.
    pub entropy_l: u64,
    /// pyCANON's c of (c, l)-diversity with l = `distinct_l`: it sorts counts ascending where the paper sorts them
    /// descending; see [`SensitiveRisk::recursive_ratio`] for the paper's. None for l = 1.
    pub recursive_c: Option<u64>,
    /// Basic β-likeness: largest relative gain.
    pub basic_beta: f64,
    /// Enhanced β-likeness: that, at most the largest −ln p.
    pub enhanced_beta: f64,
    /// δ-disclosure: largest |ln(q/p)| over the values that classes have.
    pub delta_disclosure: f64,
    /// t-closeness. Where persons hold several values and these have no order, at least the largest gain q − p of a value's share of
    /// persons.
    pub t: f64,
}

/// What the classes reveal of one sensitive column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SensitiveRisk {
    /// The column.
    pub column: String,
    /// Whether its values are ordered (numbers, dates), which decides the distance of t-closeness.
    pub ordered: bool,
    /// Different values in the table.
    pub values: u64,
    /// Shannon entropy of the column.
    pub entropy: f64,
    /// Entropy l-diversity as a real number: e to the least entropy of a class.
    pub effective_l: f64,
    /// Recursive (c, l)-diversity as published, for l = the column's distinct l: largest r₁ ÷ (`r_l` + … + `r_m`); the table has it
    /// for every c above. Where persons hold several values, r counts who holds a value, and the sum is the persons less the l − 1 first.
    pub recursive_ratio: f64,
    /// Largest |ln(q/p)| where a value missing from a class counts: none if some class lacks a value.
    pub strict_delta: Option<f64>,
    /// The models of this column alone.
    pub models: Models,
}

/// The anonymity of a table, each row of which is a person.
///
/// # Errors
/// No rows; a column that is not there, twice, or of a nested or binary type.
pub fn risk(batches: &[RecordBatch], quasi: &[&str], sensitive: &[&str]) -> Result<Risk> {
    risk_in(batches, &[], quasi, sensitive, None)
}

/// The anonymity of a table whose persons, named by a column or each row one, are part of a population, known by the same
/// quasi-identifiers.
///
/// # Errors
/// As [`risk`]; and a population that lacks rows of the table.
pub fn risk_in(
    batches: &[RecordBatch],
    population: &[RecordBatch],
    quasi: &[&str],
    sensitive: &[&str],
    person: Option<&str>,
) -> Result<Risk> {
    let names: Vec<String> = sensitive.iter().map(|name| (*name).to_owned()).collect();
    once(quasi, &names, person)?;
    let table = Table::new(batches, population, quasi, &names, person)?;
    Ok(measure(&table.groups, &table.attributes))
}

/// A sensitive column, its values in order.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) ordered: bool,
    pub(super) distinct: usize,
}

/// A table in codes, grouped.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) quasi: Vec<Coded>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) groups: Groups,
}

impl Table {
    pub(super) fn new(
        batches: &[RecordBatch],
        population: &[RecordBatch],
        quasi: &[&str],
        sensitive: &[String],
        person: Option<&str>,
    ) -> Result<Self> {
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if rows == 0 {
            return Err(Fault::new(&TABLE_EMPTY));
        }
        let people: usize = population.iter().map(RecordBatch::num_rows).sum();
        if u32::try_from(rows + people).is_err() {
            return Err(fault::internal("more rows than a 32-bit count takes"));
        }
        let both: Vec<RecordBatch> = batches.iter().chain(population).cloned().collect();
        let quasi = quasi
            .par_iter()
            .map(|name| encode(name, &parts(&both, name)?))
            .collect::<Result<Vec<Coded>>>()?;
        let columns: Vec<&[u32]> = quasi.iter().map(|column| column.codes.as_slice()).collect();
        let sizes: Vec<u32> = quasi.iter().map(|column| code(column.texts.len())).collect();
        let (mut groups, mut ids) = Groups::of_rows(&columns, &sizes, rows, rows + people);
        ids.truncate(rows);
        let mut persons = Vec::new();
        if let Some(person) = person {
            let (codes, distinct) = encode(person, &parts(batches, person)?)?.persons();
            groups.persons = Some(Persons::from_rows(&codes, &ids, groups.len(), distinct));
            persons = codes;
        }
        let short =
            |(group, people): (usize, &u32)| u64::from(groups.size(group).saturating_sub(*people));
        let missing: u64 = groups.people.iter().enumerate().map(short).sum();
        if missing > 0 {
            return Err(Fault::new(&POPULATION_SMALLER).arg("rows", missing));
        }
        let attributes = sensitive
            .par_iter()
            .map(|name| {
                let column = encode(name, &parts(batches, name)?)?;
                let ranks = column.ranks();
                let values: Vec<u32> =
                    column.codes.iter().map(|value| by(&ranks, *value)).collect();
                let spread = match &groups.persons {
                    Some(known) => {
                        let held: Vec<(u32, u32)> = persons.iter().copied().zip(values).collect();
                        let held = known.held(&held, &ids);
                        Spread::from_held(held, groups.len(), ranks.len())
                    }
                    None => Spread::from_rows(&values, &ids, groups.len(), ranks.len()),
                };
                let ordered = column.numbers.is_some();
                Ok((Attribute { name: name.clone(), ordered, distinct: ranks.len() }, spread))
            })
            .collect::<Result<Vec<_>>>()?;
        let (attributes, spreads) = attributes.into_iter().unzip();
        groups.spreads = spreads;
        Ok(Self { quasi, attributes, groups })
    }
}

/// The figures of classes.
pub(super) fn measure(groups: &Groups, attributes: &[Attribute]) -> Risk {
    let all: Vec<usize> = (0..groups.len()).filter(|group| at(&groups.rows, *group) > 0).collect();
    let mut sizes: Vec<u32> = all.iter().map(|group| groups.size(*group)).collect();
    sizes.sort_unstable();
    let classes = sizes.len() as u64;
    // A person counts in each class that has a row of that person.
    let persons: u64 = sizes.iter().map(|size| u64::from(*size)).sum();
    let rows = |group: &usize| u64::from(at(&groups.rows, *group));
    let middle = |place: usize| f64::from(at(&sizes, place));
    let half = sizes.len() / 2;
    let median_class = if sizes.len() % 2 == 1 {
        middle(half)
    } else {
        f64::midpoint(middle(half.saturating_sub(1)), middle(half))
    };
    let sensitive: Vec<SensitiveRisk> = attributes
        .iter()
        .enumerate()
        .map(|(column, attribute)| column_risk(groups, column, attribute, &all))
        .collect();
    let shares: Vec<f64> = (0..groups.len()).filter_map(|group| presence(groups, group)).collect();
    let everyone = groups.everyone();
    Risk {
        rows: all.iter().map(rows).sum(),
        persons: groups.persons.is_some().then_some(everyone),
        classes,
        k: u64::from(sizes.first().copied().unwrap_or(0)),
        largest_class: u64::from(sizes.last().copied().unwrap_or(0)),
        mean_class: real(persons) / real(classes.max(1)),
        median_class,
        unique_rows: all.iter().filter(|group| groups.size(**group) == 1).map(rows).sum(),
        uniqueness: share(groups, (&all, everyone), &|group| groups.size(group) == 1),
        reidentification: reidentification(groups, (&all, everyone), persons),
        models: worst(groups, &sensitive, &all),
        sensitive,
        presence: (!shares.is_empty()).then(|| {
            (shares.iter().copied().fold(1.0, f64::min), shares.iter().copied().fold(0.0, f64::max))
        }),
    }
}

fn reidentification(
    groups: &Groups,
    (all, everyone): (&[usize], u64),
    persons: u64,
) -> Reidentification {
    let total = real(persons.max(1));
    let size = |group: usize| f64::from(groups.size(group));
    let people = |group: usize| match groups.people.get(group) {
        Some(people) => f64::from(*people),
        None => size(group),
    };
    let sum = |of: &dyn Fn(usize) -> f64| all.iter().map(|group| of(*group)).sum::<f64>();
    let highest =
        |of: &dyn Fn(usize) -> f64| all.iter().map(|group| 1.0 / of(*group)).fold(0.0, f64::max);
    let at_risk = |of: &dyn Fn(usize) -> f64| {
        share(groups, (all, everyone), &|group| 1.0 / of(group) > AT_RISK)
    };
    Reidentification {
        prosecutor_highest: highest(&size),
        prosecutor_average: real(all.len() as u64) / total,
        prosecutor_at_risk: at_risk(&size),
        class_average: sum(&|group| 1.0 / size(group)) / real(all.len().max(1) as u64),
        journalist_highest: highest(&people),
        journalist_at_risk: at_risk(&people),
        marketer: sum(&|group| size(group) / people(group)) / total,
        population_unique: (!groups.people.is_empty())
            .then(|| share(groups, (all, everyone), &|group| people(group) <= 1.0)),
    }
}

/// The share of all persons, each once, that are in a class which `meant` is true of.
fn share(groups: &Groups, (all, everyone): (&[usize], u64), meant: &dyn Fn(usize) -> bool) -> f64 {
    let some = groups.together(all.iter().copied().filter(|group| meant(*group)));
    real(some) / real(everyone.max(1))
}

fn column_risk(
    groups: &Groups,
    column: usize,
    attribute: &Attribute,
    all: &[usize],
) -> SensitiveRisk {
    let everything = vec![true; groups.len()];
    let p = shares(groups, column, &everything, attribute.distinct);
    let class = |group: &usize| Class::of(groups, column, *group);
    let largest = |of: &(dyn Fn(Class<'_>) -> f64 + Sync)| {
        all.par_iter().map(|group| of(class(group))).reduce(|| 0.0, f64::max)
    };
    let distinct_l = all.iter().map(|group| u64::from(class(group).width())).min().unwrap_or(0);
    let fewest = all.iter().map(|group| class(group).values.len() as u64).min().unwrap_or(0);
    let narrow = u32::try_from(distinct_l).unwrap_or(u32::MAX);
    let negentropy =
        all.iter().map(|group| class(group).negentropy()).fold(f64::NEG_INFINITY, f64::max);
    let basic_beta = largest(&|class| class.gain(&p));
    let rarest =
        p.held().iter().filter(|share| **share > 0.0).map(|share| -share.ln()).fold(0.0, f64::max);
    let delta_disclosure = largest(&|class| class.disclosure(&p));
    let terms: Vec<f64> =
        p.parts.iter().filter(|share| **share > 0.0).map(|share| -share * share.ln()).collect();
    let present = terms.len() as u64;
    SensitiveRisk {
        column: attribute.name.clone(),
        ordered: attribute.ordered,
        values: present,
        entropy: pairwise(&terms),
        effective_l: (-negentropy).exp(),
        recursive_ratio: largest(&|class| class.recursive(narrow)),
        strict_delta: (fewest == present).then_some(delta_disclosure),
        models: Models {
            alpha: largest(&|class| class.alpha()),
            distinct_l,
            entropy_l: whole(std::f64::consts::E.powf(-negentropy)),
            recursive_c: ascending_c(groups, &[column], narrow, all),
            basic_beta,
            enhanced_beta: basic_beta.min(rarest),
            delta_disclosure,
            t: largest(&|class| class.distance(&p, attribute.ordered)),
        },
    }
}

/// pyCANON's c for the given columns together.
fn ascending_c(groups: &Groups, columns: &[usize], l: u32, all: &[usize]) -> Option<u64> {
    let ratios = columns.iter().flat_map(|column| {
        all.iter().map(|group| Class::of(groups, *column, *group).ascending_ratio(l))
    });
    (l > 1).then(|| whole(ratios.fold(0.0, f64::max) + 1.0))
}

fn worst(groups: &Groups, sensitive: &[SensitiveRisk], all: &[usize]) -> Option<Models> {
    let least = |of: &dyn Fn(&Models) -> u64| sensitive.iter().map(|one| of(&one.models)).min();
    let largest = |of: &dyn Fn(&Models) -> f64| {
        sensitive.iter().map(|one| of(&one.models)).fold(0.0, f64::max)
    };
    let distinct_l = least(&|models| models.distinct_l)?;
    let columns: Vec<usize> = (0..sensitive.len()).collect();
    Some(Models {
        alpha: largest(&|models| models.alpha),
        distinct_l,
        entropy_l: least(&|models| models.entropy_l)?,
        recursive_c: ascending_c(
            groups,
            &columns,
            u32::try_from(distinct_l).unwrap_or(u32::MAX),
            all,
        ),
        basic_beta: largest(&|models| models.basic_beta),
        enhanced_beta: largest(&|models| models.enhanced_beta),
        delta_disclosure: largest(&|models| models.delta_disclosure),
        t: largest(&|models| models.t),
    })
}

/// The whole part of a small number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a diversity: between 0 and the number of rows"
)]
fn whole(value: f64) -> u64 {
    value.floor() as u64
}
