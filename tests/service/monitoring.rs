//! The dashboard and the alerts in `docs/` name only what `/metrics` really has.

use super::manager::tree;
use super::tools::tool;
use chipwire::metrics::Metrics;
use std::collections::BTreeSet;
use std::fs;

/// The names that `/metrics` has, with the suffixes of histograms.
fn series() -> BTreeSet<String> {
    let text = Metrics::default().render();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(['{', ' ']).next().unwrap().to_owned()).collect()
}

fn families() -> BTreeSet<String> {
    let text = Metrics::default().render();
    let heads = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    heads.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// The metrics' names in an expression or a text.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '_');
    words
        .filter(|word| word.starts_with("chipwire_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

fn dashboard() -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(tree("docs/grafana-dashboard.json")).unwrap()).unwrap()
}

fn expressions(panel: &serde_json::Value) -> Vec<&str> {
    let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    targets.iter().map(|target| target["expr"].as_str().unwrap()).collect()
}

#[test]
fn the_dashboard_and_the_alerts_name_only_series_that_exist() {
    let series = series();
    assert!(series.len() > 20);
    for file in ["docs/grafana-dashboard.json", "docs/alerts.yml"] {
        let names = named(&fs::read_to_string(tree(file)).unwrap());
        assert!(names.len() > 4, "{file}");
        let unknown: Vec<_> = names.difference(&series).collect();
        assert!(unknown.is_empty(), "{file} names what /metrics does not have: {unknown:?}");
    }
}

#[test]
fn labels_and_their_values_exist_too() {
    let text = Metrics::default().render();
    for file in ["docs/grafana-dashboard.json", "docs/alerts.yml"] {
        let content = fs::read_to_string(tree(file)).unwrap().replace("\\\"", "\"");
        for (at, _) in content.match_indices("chipwire_") {
            let (name, rest) = content[at..].split_at(
                content[at..].find(|symbol: char| !symbol.is_alphanumeric() && symbol != '_').unwrap(),
            );
            let Some(selector) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
                continue;
            };
            for pair in selector.0.split(',') {
                let (label, value) = pair.split_once('=').unwrap();
                let value = value.trim_start_matches('~').trim_matches('"');
                for value in value.split('|') {
                    let wanted = format!("{label}=\"{value}\"");
                    let is_there = text.lines().any(|line| line.starts_with(name) && line.contains(&wanted));
                    assert!(is_there, "{file}: {name} has no {wanted}");
                }
            }
        }
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let board = dashboard();
    let mut shown = BTreeSet::new();
    for panel in board["panels"].as_array().unwrap() {
        assert!(!panel["title"].as_str().unwrap().is_empty());
        shown.extend(expressions(panel).into_iter().flat_map(named));
    }
    for family in families() {
        assert!(shown.iter().any(|name| name.starts_with(&family)), "{family} is on no panel");
    }
}

#[test]
fn panels_have_ids_of_their_own_and_do_not_overlap() {
    let board = dashboard();
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in board["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && cells.insert((x, y)), "{}", panel["title"]);
            }
        }
    }
}

#[test]
fn promtool_accepts_the_alerts_and_the_dashboards_queries() {
    let Some(mut promtool) = tool("promtool") else { return };
    let checked = promtool.args(["check", "rules"]).arg(tree("docs/alerts.yml")).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let board = dashboard();
    let mut rules = String::from("groups:\n- name: dashboard\n  rules:\n");
    for (number, panel) in board["panels"].as_array().unwrap().iter().enumerate() {
        for (part, expression) in expressions(panel).into_iter().enumerate() {
            let expression = expression.replace("$__rate_interval", "5m");
            rules +=
                &format!("  - record: panel_{number}_{part}\n    expr: {}\n", serde_json::json!(expression));
        }
    }
    let file = tempfile::NamedTempFile::with_suffix(".yml").unwrap();
    fs::write(file.path(), rules).unwrap();
    let Some(mut promtool) = tool("promtool") else { return };
    let checked = promtool.args(["check", "rules"]).arg(file.path()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}
