//! What the README says of the configuration is what the code reads.

use godwit::config::VARIABLES;
use std::fmt::Write as _;

const BEGIN: &str = "<!-- configuration -->\n";
const END: &str = "<!-- /configuration -->";

#[test]
fn the_readme_lists_every_variable() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut table = "| variable | default | meaning |\n|---|---|---|\n".to_owned();
    for variable in VARIABLES {
        let (name, default, meaning) = (variable.name, variable.default, variable.meaning);
        writeln!(table, "| `{name}` | {default} | {meaning} |").unwrap();
    }
    let current = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("GODWIT_WRITE_DOCS").is_some() {
        std::fs::write(path, &current).unwrap();
        return;
    }
    assert!(
        readme == current,
        "the table of variables in README.md is old: npm run docs"
    );
}

#[test]
fn npm_start_passes_every_variable_on() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/start.mjs");
    let script = std::fs::read_to_string(script).unwrap();
    for variable in VARIABLES {
        assert!(
            script.contains(&format!("'{}'", variable.name)),
            "{} is missing",
            variable.name
        );
    }
}
