//! The same rows from a database and from object storage train the same model as the file.

use crate::runs::copy_folder;
use crate::support::{Project, contents, finished, finished_run};
use crate::tools::{Service, free_address, ran, required, succeed, tool};
use std::fmt::Write as _;
use std::process::Command;

const URI: &str = "uri = \"data/german_credit.csv\"";

/// A project with the shared one's keys and without its data.
fn project_reading(uri: &str, query: Option<&str>) -> Project {
    let project = Project::new();
    copy_folder(&finished().path("keys"), &project.path("keys"));
    std::fs::remove_file(project.path("data/german_credit.csv")).unwrap();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    assert!(recipe.contains(URI));
    let mut source = format!("uri = \"{uri}\"");
    if let Some(query) = query {
        write!(source, "\nquery = \"{query}\"").unwrap();
    }
    std::fs::write(project.path("ingot.toml"), recipe.replace(URI, &source)).unwrap();
    project
}

/// Whether a run's stages have the content that the file's have.
fn same(json: &str, stages: &[&str]) {
    let pick = |json: &str| -> Vec<(String, String)> {
        contents(json).into_iter().filter(|(stage, _)| stages.contains(&stage.as_str())).collect()
    };
    assert_eq!(pick(json).len(), stages.len());
    assert_eq!(pick(json), pick(&finished_run()));
}

/// A database server of this test's own is given by scripts/with-postgres.sh.
#[test]
fn postgresql_with_a_query_gives_the_model_of_the_file() {
    let Ok(url) = std::env::var("INGOT_TEST_POSTGRES") else {
        assert!(!required(), "INGOT_TEST_POSTGRES is not set; run scripts/test.sh");
        return;
    };
    let Some(psql) = tool("psql") else { return };
    let csv = finished().path("data/german_credit.csv");
    let text = std::fs::read_to_string(&csv).unwrap();
    let header = text.lines().next().unwrap();
    let numbers = [
        "duration_months",
        "credit_amount",
        "installment_rate",
        "residence_since",
        "age",
        "existing_credits",
        "dependents",
    ];
    let columns: Vec<String> = header
        .split(',')
        .map(|name| match name {
            "birthday" => format!("{name} date"),
            _ if numbers.contains(&name) => format!("{name} bigint"),
            _ => format!("{name} text"),
        })
        .collect();
    let sql = |command: &str| {
        succeed(Command::new(&psql).args([
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            &url,
            "-c",
            command,
        ]))
    };
    let table = format!("applicants_{}", std::process::id());
    sql(&format!("CREATE TABLE {table} (line serial, {})", columns.join(", ")));
    sql(&format!(
        "\\copy {table}({header}) FROM '{}' WITH (FORMAT csv, HEADER true)",
        csv.display()
    ));
    // A row that the query must leave out.
    sql(&format!("INSERT INTO {table}(age, risk) VALUES (-1, 'good')"));
    let query = format!("SELECT {header} FROM {table} WHERE age > 0 ORDER BY line");
    let project = project_reading(&url, Some(&query));
    same(&project.ok(&["--json", "run"]), &["protect", "train", "explain"]);
    let trace = project.ok(&["trace", project.package().to_str().unwrap()]);
    assert!(trace.contains("postgres://") && !trace.contains("ingot@"), "{trace}");
    sql(&format!("DROP TABLE {table}"));

    // The table is gone: a clear word, nothing of the account, and no new package.
    let text = project_reading(&url, Some(&query)).fails(1, &["run"]);
    assert!(text.contains("core-bank") && !text.contains("ingot@"), "{text}");
}

#[test]
fn a_database_is_read_through_tls_and_only_from_who_it_says_it_is() {
    let Ok(url) = std::env::var("INGOT_TEST_POSTGRES") else {
        assert!(!required(), "INGOT_TEST_POSTGRES is not set; run scripts/test.sh");
        return;
    };
    let authority = std::env::var("INGOT_TEST_POSTGRES_CA").unwrap();
    // The server itself says whether the connection is protected: the column would be empty otherwise.
    let seen = "SELECT age, (ARRAY['good', 'bad'])[1 + age % 2] AS risk, version AS tls \
                FROM generate_series(1, 40) AS age CROSS JOIN pg_stat_ssl WHERE pid = pg_backend_pid()";
    let reading = |parameters: &str| {
        let project = project_reading(&url, None);
        let recipe = format!(
            "[project]\nname = \"tls\"\ntask = \"tabular.binary\"\ntarget = \"risk\"\npositive = \"bad\"\n\
             [[source]]\nname = \"bank\"\nuri = \"{url}?{parameters}\"\nquery = \"{seen}\"\n\
             [clean]\nexpect = [{{ column = \"tls\", not_null = true }}]\n"
        );
        std::fs::write(project.path("ingot.toml"), recipe).unwrap();
        project
    };
    let protected = format!("sslmode=verify-full&sslrootcert={authority}");
    assert!(!reading(&protected).ok(&["prepare"]).is_empty());
    let open = reading("sslmode=disable").fails(1, &["prepare"]);
    assert!(open.contains("`tls`"), "the check itself sees an open connection: {open}");
    // The machine does not know this authority.
    let stranger = reading("sslmode=require").fails(1, &["prepare"]);
    assert!(stranger.contains("sslrootcert") && !stranger.contains("ingot@"), "{stranger}");
}

#[test]
fn s3_compatible_storage_gives_the_model_of_the_file() {
    let (Some(moto), Some(python)) = (tool("moto_server"), tool("python")) else { return };
    let address = free_address();
    let service = Service::start(
        Command::new(moto)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stderr(std::process::Stdio::null()),
        address,
    );
    let endpoint = format!("http://{address}");
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "someone"),
        ("AWS_SECRET_ACCESS_KEY", "nobody-knows"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_REGION", "us-east-1"),
    ];
    let csv = finished().path("data/german_credit.csv");
    succeed(Command::new(python).args(["-c", UPLOAD]).arg(csv).envs(environment));

    let one = project_reading("s3://bank/in/german_credit.csv", None);
    let run = |project: &Project| ran(project.command(&["--json", "run"]).envs(environment));
    let output = run(&one);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    same(&String::from_utf8(output.stdout).unwrap(), &["clean", "protect", "train", "explain"]);

    // A prefix is every object below it, in the order of their names: here the same rows in two parts,
    // which count their rows each for itself.
    let parts = project_reading("s3://bank/parts/", None);
    let output = run(&parts);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The training stage also lists rows to look at again, by the names of their files: the explanation tells that the model
    // is the same.
    same(&String::from_utf8(output.stdout).unwrap(), &["explain"]);

    let missing = run(&project_reading("s3://bank/nowhere.csv", None));
    assert_eq!(missing.status.code(), Some(1));
    let text = String::from_utf8([missing.stdout, missing.stderr].concat()).unwrap();
    assert!(text.contains("core-bank") && !text.contains("nobody-knows"), "{text}");
    drop(service);
}

/// The whole file, and its two halves under one prefix.
const UPLOAD: &str = "
import boto3, os, sys
storage = boto3.client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
storage.create_bucket(Bucket='bank')
header, *lines = open(sys.argv[1], 'rb').read().splitlines(keepends=True)
put = lambda key, rows: storage.put_object(Bucket='bank', Key=key, Body=header + b''.join(rows))
put('in/german_credit.csv', lines)
put('parts/2026-02.csv', lines[500:])
put('parts/2026-01.csv', lines[:500])
";
