//! The tree keeps the shape that ARCHITECTURE.md draws: layers, lengths, names.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LONGEST_FILE_LINES: usize = 400;
/// A list of cases may be longer than what it is about.
const LONGEST_TESTS_LINES: usize = 600;
/// Rows 1 to 5 of the table: no I/O, no clock, no environment.
const PURE_ROWS: u32 = 5;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a directory, with its text.
fn sources(directory: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(directory)];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((
                    path.strip_prefix(root()).unwrap().to_owned(),
                    fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}

/// Module → row, as the table of ARCHITECTURE.md has it.
fn table() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let row = cells.next()?.parse().ok()?;
        let module = cells.next()?.strip_prefix('`')?.split('`').next()?.to_owned();
        Some((module, row))
    });
    rows.collect()
}

fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

fn module_of(path: &Path) -> String {
    let first = path.iter().nth(1).unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn the_table_of_modules_is_the_tree_of_modules() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let mut modules: Vec<_> = modules.map(str::to_owned).collect();
    modules.sort();
    let table: Vec<_> = table().into_keys().filter(|module| module != "main").collect();
    assert_eq!(table, modules);
}

#[test]
fn a_module_imports_only_from_rows_below_its_own() {
    let table = table();
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let own = module_of(&path);
        let Some(row) = table.get(&own) else { continue };
        for (number, line) in
            text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for after in line.split("crate::").skip(1) {
                let module: String =
                    after.chars().take_while(|symbol| symbol.is_alphanumeric() || *symbol == '_').collect();
                if module != own && table.get(&module).is_some_and(|other| other >= row) {
                    wrong.push(format!(
                        "{}:{}: {own} (row {row}) imports {module}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_does_no_io_and_reads_no_clock() {
    let table = table();
    let forbidden = [
        "tokio::",
        "reqwest::",
        "sled::",
        "std::fs",
        "std::net::Tcp",
        "std::net::Udp",
        "std::env",
        "std::thread",
        "Utc::now",
        "Instant::now",
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let is_pure = table.get(&module_of(&path)).is_some_and(|row| *row <= PURE_ROWS);
        if !is_pure || is_test(&path) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in forbidden {
            if code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word)) {
                wrong.push(format!("{} uses {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_foreign_crate_is_named_by_one_module() {
    let owners = [
        ("sled", "store"),
        ("feed_rs", "parse"),
        ("axum", "serve"),
        ("reqwest", "fetch"),
        ("ammonia", "normalise"),
    ];
    for (path, text) in sources("src") {
        for (name, owner) in owners {
            let is_named = text.lines().any(|line| {
                !line.trim_start().starts_with("//")
                    && line
                        .split(|symbol: char| !symbol.is_alphanumeric() && symbol != '_' && symbol != ':')
                        .any(|word| word.starts_with(&format!("{name}::")))
            });
            assert!(
                !is_named || module_of(&path) == owner,
                "{} names {name}, which only {owner} may",
                path.display()
            );
        }
    }
}

#[test]
fn files_are_short_enough_to_be_read() {
    let long: Vec<_> = sources("src")
        .into_iter()
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, path)| *lines > if is_test(path) { LONGEST_TESTS_LINES } else { LONGEST_FILE_LINES })
        .collect();
    assert!(long.is_empty(), "split by noun: {long:?}");
}

#[test]
fn every_module_says_what_it_is_for() {
    for (path, text) in sources("src") {
        assert!(is_test(&path) || text.starts_with("//!"), "{} begins without //!", path.display());
    }
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for (path, _) in sources("src") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["util", "utils", "helper", "helpers", "common", "misc", "mod"].contains(&name),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_tests_that_hold_a_case_of_security_exist() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let is_test = |word: &&str| {
        word.matches('_').count() > 2 && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let named: Vec<_> = page.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 60, "{named:?}");
    let code: String =
        [sources("src"), sources("tests")].concat().into_iter().map(|(_, text)| text).collect();
    let missing: Vec<_> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}
