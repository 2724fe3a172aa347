//! English text and the tagger trained from it.

use super::super::super::normal::Text;
use super::super::english::{
    BITS, INSIDE, LABELS, ORGANIZATION, OTHER, PERSON, PLACE, SCALE, eligible, features,
};
use super::super::lexicon::English;
use super::super::tokens::tokens;
use super::grammar::Grammar;
use super::{Dice, Example, Urn, expand, quantised};

const SLOTS: usize = 1 << BITS;
/// One feature in so many is left out of a word while training, so that none is relied on alone.
const LEFT_OUT: usize = 8;
/// After so many examples of the second half the weights enter the mean that is kept: the last steps alone would leave the
/// weights of rare words to chance (Polyak and Juditsky 1992).
const AVERAGED: usize = 4096;
/// Step of the descent.
const STEP: f32 = 0.1;

struct En {
    words: Urn,
    rare: Urn,
    first: Urn,
    last: Urn,
    cities: Vec<&'static str>,
    countries: Vec<&'static str>,
    templates: Vec<&'static str>,
    nameless: Vec<&'static str>,
    grammar: Grammar,
}

const TITLES_EN: &[&str] = &["Mr.", "Mrs.", "Ms.", "Dr.", "Mr", "Mrs", "Ms", "Miss", "Prof.", "Dr"];
const FIRMS_EN: &[&str] = &[
    "Inc",
    "Inc.",
    "Ltd",
    "LLC",
    "Corp",
    "Corporation",
    "Group",
    "PLC",
    "Holdings",
    "Bank",
    "Partners",
    "Systems",
    "Technologies",
    "Company",
    "Industries",
    "& Co",
    "Insurance",
    "Motors",
    "Energy",
    "Associates",
    "Enterprises",
    "Ventures",
    "Laboratories",
    "Airways",
    "Studios",
    "Logistics",
    "Securities",
    "Holding",
    "Pharma",
    "Hotels",
];
const HEADINGS: &[&str] = &[
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "January",
    "February",
    "April",
    "June",
    "July",
    "October",
    "Note",
    "The",
    "This",
    "If",
    "When",
    "For",
    "In",
    "You",
    "We",
    "I",
    "It",
    "API",
    "HTTP",
    "JSON",
    "English",
    "Chinese",
    "American",
    "French",
    "German",
    "Internet",
    "Python",
    "Linux",
    "License",
    "Copyright",
    "Software",
    "Section",
    "Table",
    "Figure",
    "Chapter",
    "See",
    "Returns",
    "Example",
    "True",
    "False",
    "None",
    "Unicode",
    "Windows",
    "Apache",
    "Java",
    "Please",
    "Can",
    "How",
    "What",
    "Why",
    "My",
];

/// Parts of names that lists of the west lack; romanised as people write them.
const SYLLABLES: [&[&str]; 4] = [
    &[
        "wei", "xiao", "ming", "jing", "yu", "hui", "lei", "fang", "qiang", "jun", "yang", "min",
        "li", "na", "zhi", "hong", "xin", "yi", "chen", "hao", "bo", "jia", "ling", "mei", "rui",
        "shan", "ting", "wen", "xue", "ying", "zhen", "guo", "hua", "kai", "peng",
    ],
    &[
        "ka", "ki", "ko", "ku", "sa", "shi", "su", "ta", "ma", "mi", "mu", "na", "no", "ha", "hi",
        "fu", "ra", "ri", "ro", "ya", "yo", "yu", "to", "tsu", "chi", "ken", "jun", "shin", "moto",
        "mura", "yama", "kawa", "saki",
    ],
    &[
        "min", "jun", "seo", "ji", "hyun", "woo", "young", "soo", "jin", "kyung", "hye", "eun",
        "sung", "tae", "ho", "won",
    ],
    &[
        "ade", "olu", "chi", "ngo", "oke", "ama", "ko", "fi", "ba", "tunde", "emeka", "nna", "kwa",
        "si", "mba", "zo", "wa", "le", "ke", "ra", "ji", "sub", "ven", "kat", "esh", "ram", "an",
        "priya", "dev", "lak", "shmi", "har", "pre", "et", "gur",
    ],
];
const TOWN_HEADS: &[&str] = &[
    "San", "Santa", "New", "Port", "Saint", "Bad", "El", "La", "Nova", "North", "South", "East",
    "West", "Lake", "Fort", "Mount", "Los", "Upper", "Lower", "Great", "Little", "St.",
];
const TOWN_TAILS: &[&str] = &[
    "ton", "ville", "berg", "burg", "burgh", "borough", "bury", "land", "mouth", "port", "ford",
    "stad", "shire", "chester", "side", "view", "haven", "furt", "town", "field", "wick", "dale",
    "stadt", "heim", "grad", "abad", "pur",
];
const PRODUCT_TAILS: &[&str] = &[
    "ix", "ly", "io", "OS", "DB", "Kit", "Lib", "Script", "Flow", "Hub", "Net", "ML", "JS", "er",
    "Base", "Pad", "Bot",
];
const JOBS: &[&str] = &[
    "accountant",
    "Software engineer",
    "Nurse",
    "Sales manager",
    "teacher",
    "Clerk",
    "Layout artist",
    "Director",
    "Engineer",
    "Head of Sales",
    "Chief Financial Officer",
    "CEO",
    "Product Manager",
    "Data Analyst",
    "Marketing Assistant",
    "Physiotherapist",
    "Legal Secretary",
    "Project Manager",
    "Senior Vice President",
    "HR Business Partner",
    "Electrician",
    "Research Fellow",
];
const NATIONS: &[&str] = &[
    "French",
    "German",
    "Italian",
    "Japanese",
    "Dutch",
    "Polish",
    "Kenyan",
    "British",
    "American",
    "Chinese",
    "Indian",
    "Spanish",
    "Brazilian",
    "Turkish",
    "Swedish",
    "Russian",
    "Mexican",
    "Korean",
    "Irish",
    "Scottish",
    "Greek",
    "African",
    "European",
    "Asian",
];
const DAYS: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "Jun",
    "Aug",
    "Sept",
    "Oct",
    "Nov",
    "Dec",
];
const STREETS: &[&str] = &[
    "St", "Street", "Rd", "Avenue", "Road", "Lane", "Drive", "Way", "Close", "Court", "Blvd",
    "Terrace",
];
const FIRM_TAILS: &[&str] = &[
    "University",
    "Hospital",
    "College",
    "Bank",
    "Airlines",
    "Museum",
    "Police Department",
    "City Council",
    "Institute",
    "Clinic",
    "Country Club",
    "Golf Club",
    "Hotel",
    "Restaurant",
    "Orchestra",
    "Medical Center",
    "High School",
    "Primary School",
    "Times",
    "Symphony Orchestra",
    "Health Trust",
    "Savings Bank",
    "Law School",
];

fn title_case(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// How an example is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Usual,
    /// Everything in lower case, or in capitals.
    Small,
    Capitals,
    /// All but the values.
    SmallAround,
    CapitalsAround,
}

impl Case {
    fn draw(dice: &mut Dice) -> Self {
        match dice.below(40) {
            0..=4 => Self::Small,
            5 | 6 => Self::Capitals,
            7 => Self::SmallAround,
            8 => Self::CapitalsAround,
            _ => Self::Usual,
        }
    }

    fn value(self, text: String) -> String {
        match self {
            Self::Small => text.to_lowercase(),
            Self::Capitals => text.to_uppercase(),
            _ => text,
        }
    }

    /// A template with its plain parts so written.
    fn template(self, text: &str) -> String {
        let turn: fn(&str) -> String = match self {
            Self::Usual => return text.to_owned(),
            Self::Small | Self::SmallAround => str::to_lowercase,
            Self::Capitals | Self::CapitalsAround => str::to_uppercase,
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((plain, slot)) = rest.split_once('{') {
            out.push_str(&turn(plain));
            let Some((slot, tail)) = slot.split_once('}') else { break };
            out.push('{');
            out.push_str(slot);
            out.push('}');
            rest = tail;
        }
        out + &turn(rest)
    }
}

impl En {
    fn new() -> Self {
        let lexicon = English::get();
        let [words, first, last] = lexicon.lists();
        let weight = |rank: &i32| 2_f64.powi(*rank).powf(0.6);
        let known = |list: Vec<(&'static str, i32)>, odds: f64| {
            Urn::new(
                list.into_iter()
                    .filter(|(word, _)| lexicon.word(word) < 9)
                    .map(move |(word, rank)| (word, 2_f64.powi(rank).powf(odds) + 0.05)),
            )
        };
        Self {
            rare: Urn::new(
                words.iter().filter(|(_, rank)| *rank < 8).map(|(word, _)| (*word, 1.0)),
            ),
            words: Urn::new(words.iter().map(|(word, rank)| (*word, weight(rank)))),
            first: known(first, 0.7),
            last: known(last, 0.7),
            cities: include_str!("../../data/cities.txt").lines().collect(),
            countries: include_str!("../../data/countries.txt").lines().collect(),
            templates: include_str!("../templates_en.txt").lines().collect(),
            nameless: include_str!("../prose_en.txt").lines().collect(),
            grammar: Grammar::new(include_str!("../grammar_en.txt")),
        }
    }

    /// A name on no list: the head of one and the tail of another, foreign letters now and then; or syllables of far languages.
    fn unknown(&self, dice: &mut Dice) -> String {
        if dice.one_in(4) {
            let parts = SYLLABLES.get(dice.below(SYLLABLES.len())).copied().unwrap_or_default();
            return (0..2 + dice.below(2)).map(|_| dice.pick(parts)).collect();
        }
        let head = if dice.one_in(3) {
            dice.pick(&self.cities).to_lowercase()
        } else {
            self.last.draw(dice).to_owned()
        };
        let tail = if dice.one_in(3) { self.first.draw(dice) } else { self.last.draw(dice) };
        let head: String =
            head.chars().filter(|letter| letter.is_alphabetic()).take(2 + dice.below(4)).collect();
        let tail: String = tail.chars().skip(2).collect();
        let mut name = head
            + &tail
            + dice.pick(&["", "", "", "a", "o", "en", "ski", "ová", "sen", "ić", "ez", "i"]);
        for (plain, marked) in
            [('a', 'á'), ('o', 'ö'), ('e', 'é'), ('s', 'š'), ('i', 'í'), ('c', 'č')]
        {
            if dice.one_in(12) {
                name = name.replacen(plain, &marked.to_string(), 1);
            }
        }
        name
    }

    fn first(&self, dice: &mut Dice) -> String {
        let name =
            if dice.one_in(4) { self.unknown(dice) } else { self.first.draw(dice).to_owned() };
        match dice.below(60) {
            0 => name.to_uppercase(),
            1 => format!("{}-{}", title_case(&name), title_case(self.first.draw(dice))),
            _ => title_case(&name),
        }
    }

    fn last(&self, dice: &mut Dice) -> String {
        let name =
            if dice.one_in(3) { self.unknown(dice) } else { self.last.draw(dice).to_owned() };
        let name = title_case(&name);
        match dice.below(80) {
            0..=2 => format!("{name}-{}", title_case(self.last.draw(dice))),
            3 => name.to_uppercase(),
            4..=7 => format!(
                "{} {name}",
                dice.pick(&[
                    "de", "van", "von", "van der", "van den", "van de", "da", "dos", "del", "Van",
                    "De", "Di", "della", "al", "bin"
                ])
            ),
            _ => name,
        }
    }

    fn city(&self, dice: &mut Dice) -> String {
        match dice.below(8) {
            0 => {
                let name = title_case(&self.unknown(dice));
                match dice.below(4) {
                    0 => format!("{} {name}", dice.pick(TOWN_HEADS)),
                    1 => format!("{name} {}", title_case(&self.unknown(dice))),
                    _ => name,
                }
            }
            1 | 2 => {
                let stem =
                    if dice.one_in(2) { self.first.draw(dice) } else { self.last.draw(dice) };
                let name =
                    title_case(stem) + if dice.one_in(4) { "" } else { dice.pick(TOWN_TAILS) };
                if dice.one_in(2) { format!("{} {name}", dice.pick(TOWN_HEADS)) } else { name }
            }
            3 => dice.pick(&self.cities).to_uppercase(),
            _ => dice.pick(&self.cities).to_owned(),
        }
    }

    fn firm(&self, dice: &mut Dice) -> String {
        let place =
            if dice.one_in(3) { self.city(dice) } else { dice.pick(&self.cities).to_owned() };
        match dice.below(18) {
            15 => format!("{}, {} and {}", self.last(dice), self.last(dice), self.last(dice)),
            16 => format!("{}-{}", self.last(dice), self.last(dice)),
            0 | 1 | 17 => format!("{} {}", self.last(dice), dice.pick(FIRMS_EN)),
            2 => format!("{}, {} and {}", self.last(dice), self.last(dice), self.last(dice)),
            3 => format!("{}-{}", self.last(dice), self.last(dice)),
            4 => format!(
                "{} of {place}",
                dice.pick(&["University", "Bank", "Museum", "City", "College", "Port"])
            ),
            5 => format!("{place} {}", dice.pick(FIRM_TAILS)),
            6 => format!("Bank of {}", dice.pick(&self.countries)),
            7 => format!("{} & {}", self.last(dice), self.last(dice)),
            8 => format!("{} and Sons", self.last(dice)),
            9 => format!(
                "{} {} {}",
                title_case(self.rare.draw(dice)),
                title_case(self.words.draw(dice)),
                dice.pick(FIRMS_EN)
            ),
            10 => format!("{} {}", self.last(dice), dice.pick(FIRM_TAILS)),
            11 if dice.one_in(2) => title_case(self.unknown(dice).as_str()),
            11 => format!("{} {}", title_case(self.unknown(dice).as_str()), dice.pick(FIRMS_EN)),
            12 => format!("{} {}", dice.pick(&self.countries), dice.pick(FIRM_TAILS)),
            _ => format!("{} {}", title_case(self.rare.draw(dice)), dice.pick(FIRMS_EN)),
        }
    }

    fn plain(&self, dice: &mut Dice) -> String {
        let mut out = String::new();
        for place in 0..=dice.below(3) {
            if place > 0 {
                out.push(' ');
            }
            out.push_str(self.words.draw(dice));
        }
        out
    }

    /// A made-up program or brand.
    fn product(&self, dice: &mut Dice) -> String {
        let stem: String = self.rare.draw(dice).chars().take(3 + dice.below(5)).collect();
        match dice.below(9) {
            // Some bear the name of a person or a town.
            3 => title_case(self.last.draw(dice)),
            4 => title_case(if dice.one_in(2) {
                self.first.draw(dice)
            } else {
                dice.pick(&self.cities)
            }),
            0 | 5 => title_case(&stem),
            1 | 6 => title_case(&stem) + &title_case(self.rare.draw(dice)),
            _ => title_case(&stem) + dice.pick(PRODUCT_TAILS),
        }
    }

    /// An abbreviation in capitals, as standards, constants and machines are called.
    fn acronym(dice: &mut Dice) -> String {
        let capitals = |dice: &mut Dice, count: usize| -> String {
            (0..count)
                .map(|_| char::from(b'A' + u8::try_from(dice.below(26)).unwrap_or(0)))
                .collect()
        };
        let count = 2 + dice.below(4);
        let head = capitals(dice, count);
        match dice.below(6) {
            0 => format!("{head}-{}", capitals(dice, 2)),
            1 => format!("{head}-{}", dice.below(512)),
            _ => head,
        }
    }

    fn number(slot: char, dice: &mut Dice) -> Option<String> {
        let digits = |dice: &mut Dice, count: usize| -> String {
            (0..count)
                .map(|_| char::from(b'0' + u8::try_from(dice.below(10)).unwrap_or(0)))
                .collect()
        };
        Some(match slot {
            'd' => dice.below(99_999).to_string(),
            'n' => dice.below(99).to_string(),
            'Y' => (1930 + dice.below(96)).to_string(),
            'H' => format!("{}:{:02}", dice.below(24), dice.below(60)),
            'T' => match dice.below(3) {
                0 => format!("({}) {}-{}", digits(dice, 3), digits(dice, 3), digits(dice, 4)),
                1 => format!("+{} {}", dice.below(98) + 1, digits(dice, 9)),
                _ => format!("0{} {} {}", digits(dice, 3), digits(dice, 3), digits(dice, 4)),
            },
            'I' if dice.one_in(2) => format!("10.{}.{}.7", dice.below(256), dice.below(256)),
            'D' => match dice.below(4) {
                0 => format!(
                    "{} {}, {}",
                    dice.pick(MONTHS),
                    dice.below(28) + 1,
                    1930 + dice.below(96)
                ),
                1 => format!(
                    "{} {} {}",
                    dice.below(28) + 1,
                    dice.pick(MONTHS),
                    1930 + dice.below(96)
                ),
                2 => format!(
                    "{}/{}/{}",
                    dice.below(12) + 1,
                    dice.below(28) + 1,
                    1930 + dice.below(96)
                ),
                _ => format!(
                    "{}-{:02}-{:02}",
                    1930 + dice.below(96),
                    dice.below(12) + 1,
                    dice.below(28) + 1
                ),
            },
            _ => return None,
        })
    }

    fn slot(&self, slot: char, dice: &mut Dice) -> (String, usize) {
        if let Some(number) = Self::number(slot, dice) {
            return (number, OTHER);
        }
        match slot {
            'F' => (self.first(dice), PERSON),
            'L' => (self.last(dice), PERSON),
            'I' => {
                (char::from(b'A' + u8::try_from(dice.below(26)).unwrap_or(0)).to_string(), PERSON)
            }
            'M' => (dice.pick(TITLES_EN).to_owned(), OTHER),
            'C' => (self.city(dice), PLACE),
            'K' => (dice.pick(&self.countries).to_owned(), PLACE),
            'O' => (self.firm(dice), ORGANIZATION),
            'S' => (format!("{} {}", self.last(dice), dice.pick(STREETS)), OTHER),
            'A' => (
                format!("{} {} {}", dice.below(999) + 1, self.last(dice), dice.pick(STREETS)),
                OTHER,
            ),
            'E' => (
                format!(
                    "{}.{}@{}.com",
                    self.first.draw(dice),
                    self.last.draw(dice),
                    self.rare.draw(dice)
                ),
                OTHER,
            ),
            'J' => (dice.pick(JOBS).to_owned(), OTHER),
            'N' => (dice.pick(NATIONS).to_owned(), OTHER),
            'W' => (dice.pick(DAYS).to_owned(), OTHER),
            'Z' => (self.product(dice), OTHER),
            'U' => (Self::acronym(dice), OTHER),
            _ => (self.plain(dice), OTHER),
        }
    }

    fn example(&self, dice: &mut Dice) -> Example {
        let template = match dice.below(40) {
            0..=19 => {
                let one = self.grammar.say("s", dice);
                if dice.one_in(3) { format!("{one} {}", self.grammar.say("s", dice)) } else { one }
            }
            20..=27 => self.registered(dice),
            28 | 29 => {
                let slot = dice.pick(&["{F}", "{F} {L}", "{C}", "{K}", "{O}", "{L}"]);
                format!(
                    "{} {} {slot} {}.",
                    title_case(&self.plain(dice)),
                    self.plain(dice),
                    self.plain(dice)
                )
            }
            30..=32 => dice.pick(&self.nameless).to_owned(),
            _ => return Example { text: self.prose(dice), gold: Vec::new() },
        };
        let case = Case::draw(dice);
        expand(&case.template(&template), |slot| {
            let (text, label) = self.slot(slot, dice);
            (case.value(text), label)
        })
    }

    /// One or two templates in a row.
    fn registered(&self, dice: &mut Dice) -> String {
        let text = dice.pick(&self.templates).to_owned();
        if !dice.one_in(4) {
            return text;
        }
        let other =
            if dice.one_in(2) { dice.pick(&self.nameless) } else { dice.pick(&self.templates) };
        if dice.one_in(2) { format!("{text} {other}") } else { format!("{other} {text}") }
    }

    /// Words in which nothing is a name, capitalised as headings, sentences, licences and code comments are.
    fn prose(&self, dice: &mut Dice) -> String {
        let style = dice.below(4);
        let small = dice.one_in(3);
        let mut out = String::new();
        for place in 0..6 + dice.below(10) {
            let word = if dice.one_in(7) {
                dice.pick(HEADINGS).to_owned()
            } else if dice.one_in(14) {
                // Programs, commands and variables.
                let name = self.product(dice);
                if dice.one_in(2) { name.to_lowercase() } else { name }
            } else if dice.one_in(4) {
                self.rare.draw(dice).to_owned()
            } else {
                self.words.draw(dice).to_owned()
            };
            let capital = style == 0
                || place == 0
                || style == 1 && dice.one_in(3)
                || style == 2 && dice.one_in(8);
            if place > 0 {
                out.push_str(match dice.below(12) {
                    0 => ". ",
                    1 => ", ",
                    _ => " ",
                });
            }
            let shown = if style == 3 && dice.one_in(6) {
                word.to_uppercase()
            } else if capital || out.ends_with(". ") {
                title_case(&word)
            } else {
                word
            };
            out.push_str(&shown);
        }
        if small { out.to_lowercase() } else { out }
    }
}

/// What each word is, of those that may be part of a name.
fn truth(
    example: &Example,
    text: &Text<'_>,
    start: usize,
    previous: Option<(usize, usize)>,
) -> (usize, Option<(usize, usize)>) {
    let at = text.byte_of(start);
    let Some((from, to, label)) =
        example.gold.iter().find(|(from, to, _)| (*from..*to).contains(&at))
    else {
        return (OTHER, None);
    };
    let span = Some((*from, *to));
    (if *label == ORGANIZATION && previous == span { INSIDE } else { *label }, span)
}

/// The English weights: multinomial logistic regression by stochastic descent with per-slot steps (Duchi, Hazan and Singer
/// 2011), words left to right, the label before a word being now the true one and now the one the model itself gave.
pub fn english(examples: usize) -> Vec<u8> {
    let made = En::new();
    let mut dice = Dice(0x0fed_cba9_8765_4321);
    let mut weights = vec![0_f32; SLOTS * LABELS];
    let mut squares = vec![1e-2_f32; SLOTS * LABELS];
    let mut slots = Vec::new();
    let mut sums = vec![0_f32; SLOTS * LABELS];
    let mut counted = 0_u16;
    for number in 0..examples {
        if number > examples / 2 && number % AVERAGED == 0 {
            for (sum, weight) in sums.iter_mut().zip(&weights) {
                *sum += weight;
            }
            counted += 1;
        }
        let example = made.example(&mut dice);
        let text = Text::new(&example.text);
        let all = tokens(&text);
        let (mut previous, mut span) = (OTHER, None);
        for (place, token) in all.iter().enumerate() {
            let (label, here) = truth(&example, &text, token.start, span);
            if !eligible(&all, place) {
                // A link or a small word does not end the firm that it stands in.
                span = if here == span { span } else { None };
                previous = OTHER;
                continue;
            }
            features(&all, place, previous, &mut slots);
            slots.retain(|_| !dice.one_in(LEFT_OUT));
            let own = learn(&mut weights, &mut squares, &slots, label);
            span = here;
            previous = if dice.one_in(3) { own } else { label };
        }
    }
    quantised(&sums, SCALE / f32::from(counted.max(1)))
}

/// One step; answers the label that the model would have given.
fn learn(weights: &mut [f32], squares: &mut [f32], slots: &[u32], truth: usize) -> usize {
    let rows = || slots.iter().map(|slot| usize::try_from(*slot).unwrap_or(0) * LABELS);
    let mut scores = [0_f32; LABELS];
    for from in rows() {
        let row = weights.get(from..from + LABELS).unwrap_or_default();
        for (score, weight) in scores.iter_mut().zip(row) {
            *score += weight;
        }
    }
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let own = scores.iter().position(|score| score.total_cmp(&most).is_eq()).unwrap_or(OTHER);
    let mut errors = scores.map(|score| (score - most).exp());
    let sum: f32 = errors.iter().sum();
    for (label, error) in errors.iter_mut().enumerate() {
        *error = *error / sum - if label == truth { 1.0 } else { 0.0 };
    }
    if errors.get(truth).is_some_and(|error| *error > -0.01) {
        return own;
    }
    for from in rows() {
        let (Some(row), Some(past)) =
            (weights.get_mut(from..from + LABELS), squares.get_mut(from..from + LABELS))
        else {
            continue;
        };
        for ((weight, square), error) in row.iter_mut().zip(past).zip(errors) {
            *square += error * error;
            *weight -= STEP * error / square.sqrt();
        }
    }
    own
}
