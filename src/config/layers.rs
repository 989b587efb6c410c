//! The layers, from the weakest: compiled in, the operator's file, `conf.d/*.toml`, the environment.

use super::fault::{ConfigError, Fault};
use super::feeds::{overlay, unknown};
use super::keys::KEYS;
use super::location::Environment;
use super::rules::{self, overlay_host};
use super::{Dedupe, Filter, Poll, Publish, REFERENCE, Serve, Settings};
use crate::classify::RulesFile;
use crate::model::Origin;
use crate::schedule::HostRule;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The feeds that ship with chipwire.
const BUILTIN_FEEDS: &str = include_str!("../../config/feeds.toml");
/// What may stand at the top of a file beside the sections.
const TABLES: [&str; 5] = ["feed", "topic", "terms", "context", "host"];
/// An operator's file is text written by hand.
const LONGEST_FILE_BYTES: u64 = 8 << 20;

/// Reads everything there is to read.
///
/// # Errors
/// Every fault of every layer; a configuration with one is not used.
pub fn load(config: Option<&Path>, environment: &Environment) -> Result<Settings, ConfigError> {
    let mut loader = Loader { settings: blank(), faults: Vec::new() };
    match RulesFile::builtin() {
        Ok(rules) => loader.settings.rules = rules,
        Err(error) => {
            let (place, message) = ("the built-in topics".to_owned(), error.to_string());
            loader.faults.push(Fault { place, line: None, key: String::new(), message });
        }
    }
    loader.sections(&Layer { place: "the reference", text: REFERENCE });
    let (texts, faults) = files(config);
    loader.faults.extend(faults);
    let layers: Vec<_> = texts
        .iter()
        .map(|(path, text)| Layer { place: path.to_str().unwrap_or("configuration"), text })
        .collect();
    for layer in &layers {
        loader.sections(layer);
    }
    loader.environment(environment);
    let builtin = Layer { place: "the built-in feeds", text: BUILTIN_FEEDS };
    loader.tables(&builtin, Origin::Builtin);
    if !loader.settings.poll.builtin_feeds {
        loader.settings.feeds.clear();
    }
    for layer in &layers {
        loader.tables(layer, Origin::Configuration);
    }
    loader.check_together();
    loader.settings.files = texts.iter().map(|(path, _)| path.clone()).collect();
    if loader.faults.is_empty() {
        Ok(loader.settings)
    } else {
        Err(ConfigError { faults: in_order(&loader.faults) })
    }
}

/// File by file in the order in which they were read, line by line.
fn in_order(faults: &[Fault]) -> Vec<Fault> {
    let mut places: Vec<String> = Vec::new();
    let place_of = |fault: &Fault| -> usize {
        let known = places.iter().position(|place| *place == fault.place);
        known.unwrap_or_else(|| {
            places.push(fault.place.clone());
            places.len() - 1
        })
    };
    let mut faults: Vec<_> = faults.iter().map(place_of).zip(faults.iter().cloned()).collect();
    faults.sort_by_key(|(place, fault)| (*place, fault.line));
    faults.into_iter().map(|(_, fault)| fault).collect()
}

/// One text and what to call it in a fault.
struct Layer<'a> {
    place: &'a str,
    text: &'a str,
}

impl Layer<'_> {
    fn fault(&self, at: usize, key: String, message: String) -> Fault {
        let line = self.text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1;
        Fault { place: self.place.to_owned(), line: Some(line), key, message }
    }
}

struct Loader {
    settings: Settings,
    faults: Vec<Fault>,
}

impl Loader {
    /// Takes the sections over, and reports what is no section and no table.
    fn sections(&mut self, layer: &Layer<'_>) {
        let (document, errors) = DeTable::parse_recoverable(layer.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let message = format!("no TOML: {}", error.message().trim());
            self.faults.push(layer.fault(at, String::new(), message));
        }
        for (name, value) in document.get_ref() {
            let at = name.span().start;
            let name = name.get_ref().as_ref();
            if TABLES.contains(&name) {
                continue;
            }
            if !KEYS.iter().any(|key| key.section == name) {
                let known = KEYS.iter().map(|key| key.section).chain(TABLES);
                self.faults.push(layer.fault(at, name.to_owned(), unknown(name, known)));
            } else if let Some(table) = value.get_ref().as_table() {
                self.section(layer, name, table);
            } else {
                self.faults.push(layer.fault(
                    at,
                    name.to_owned(),
                    format!("it is a section: write [{name}]"),
                ));
            }
        }
    }

    fn section(&mut self, layer: &Layer<'_>, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let known = KEYS.iter().find(|key| key.section == section && key.name == name.get_ref().as_ref());
            let outcome = match known {
                Some(key) => (key.set)(&mut self.settings, value.get_ref()),
                None => Err(unknown_key(section, name.get_ref())),
            };
            if let Err(message) = outcome {
                self.faults.push(layer.fault(
                    name.span().start,
                    format!("{section}.{}", name.get_ref()),
                    message,
                ));
            }
        }
    }

    /// `CHIPWIRE_SECTION_KEY`, read as TOML where it is TOML, else as a string.
    fn environment(&mut self, environment: &Environment) {
        for (variable, text) in environment.with_prefix("CHIPWIRE_") {
            let name = variable.trim_start_matches("CHIPWIRE_").to_lowercase();
            let Some((section, name)) = name.split_once('_') else { continue };
            if !KEYS.iter().any(|key| key.section == section) {
                continue;
            }
            let outcome = match KEYS.iter().find(|key| key.section == section && key.name == name) {
                None => Err(unknown_key(section, name)),
                Some(key) => match DeValue::parse(text) {
                    Ok(value) => (key.set)(&mut self.settings, value.get_ref()),
                    Err(_) => (key.set)(&mut self.settings, &DeValue::String(text.into())),
                },
            };
            if let Err(message) = outcome {
                let (place, key) = (variable.to_owned(), format!("{section}.{name}"));
                self.faults.push(Fault { place, line: None, key, message });
            }
        }
    }

    /// Takes the tables over that can stand several times.
    fn tables(&mut self, layer: &Layer<'_>, origin: Origin) {
        // Faults of the TOML itself were reported with the sections.
        let (document, _) = DeTable::parse_recoverable(layer.text);
        for (name, value) in
            document.get_ref().iter().filter(|(name, _)| TABLES.contains(&name.get_ref().as_ref()))
        {
            let at = name.span().start;
            let name = name.get_ref().as_ref();
            if let Some(tables) = value.get_ref().as_array() {
                tables.iter().for_each(|table| self.table(layer, name, table, origin));
            } else {
                let message = format!("write [[{name}]], with two brackets");
                self.faults.push(layer.fault(at, name.to_owned(), message));
            }
        }
    }

    fn table(&mut self, layer: &Layer<'_>, name: &str, value: &Spanned<DeValue<'_>>, origin: Origin) {
        let Self { settings, faults } = self;
        let mut report = |key: &str, at: usize, message: String| {
            let key = if key.is_empty() { name.to_owned() } else { format!("{name}.{key}") };
            faults.push(layer.fault(at, key, message));
        };
        let Some(table) = value.get_ref().as_table() else {
            return report("", value.span().start, format!("write [[{name}]] and its keys below it"));
        };
        match name {
            "feed" => overlay(&mut settings.feeds, table, origin, &mut report),
            "host" => {
                let default = HostRule { per_host: settings.poll.per_host, gap: settings.poll.host_gap };
                overlay_host(&mut settings.hosts, default, table, &mut report);
            }
            _ => rules::overlay(&mut settings.rules, name, value, &mut report),
        }
    }

    /// What no single key can know.
    fn check_together(&mut self) {
        let Settings { poll, publish, .. } = &self.settings;
        let mut wrong = Vec::new();
        if poll.max_interval < poll.min_interval {
            wrong.push(("poll.max_interval", "it is shorter than poll.min_interval"));
        }
        if poll.default_interval < poll.min_interval || poll.default_interval > poll.max_interval {
            wrong.push((
                "poll.default_interval",
                "it does not lie between poll.min_interval and poll.max_interval",
            ));
        }
        if poll.default_interval.is_zero() {
            wrong.push(("poll.default_interval", "it is zero; give it a duration such as \"1h\""));
        }
        if poll.timeout.is_zero() {
            wrong.push(("poll.timeout", "no fetch ends in no time; \"30s\" is the default"));
        }
        if publish.max_items < publish.items {
            wrong.push(("publish.max_items", "it is less than publish.items"));
        }
        for (key, message) in wrong {
            let place = "configuration".to_owned();
            self.faults.push(Fault { place, line: None, key: key.into(), message: message.into() });
        }
    }
}

fn unknown_key(section: &str, name: &str) -> String {
    let known: Vec<_> = KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect();
    if let Some(elsewhere) = KEYS.iter().find(|key| key.name == name) {
        return format!("unknown key; {name} belongs into [{}]", elsewhere.section);
    }
    unknown(name, known)
}

/// The operator's texts: the file, then its `conf.d`, or all files of a directory.
fn files(config: Option<&Path>) -> (Vec<(PathBuf, String)>, Vec<Fault>) {
    let Some(config) = config else { return (Vec::new(), Vec::new()) };
    let drop_ins =
        if config.is_dir() { Some(config.to_owned()) } else { config.parent().map(|at| at.join("conf.d")) };
    let mut paths = Vec::new();
    if !config.is_dir() && (config.exists() || !drop_ins.as_deref().is_some_and(Path::is_dir)) {
        paths.push(config.to_owned());
    }
    if let Some(entries) = drop_ins.and_then(|directory| std::fs::read_dir(directory).ok()) {
        let mut more: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        more.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        more.sort();
        paths.extend(more);
    }
    let (mut texts, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        match read(&path) {
            Ok(text) => texts.push((path, text)),
            Err(message) => {
                let place = path.display().to_string();
                faults.push(Fault { place, line: None, key: String::new(), message });
            }
        }
    }
    (texts, faults)
}

fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("can't be read: {error}");
    if std::fs::metadata(path).map_err(unreadable)?.len() > LONGEST_FILE_BYTES {
        return Err("longer than 8 MiB; this is no configuration".into());
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| "not UTF-8; save it as UTF-8".into())
}

/// Before any layer: the reference file sets every key, which a test checks.
fn blank() -> Settings {
    let zero = Duration::ZERO;
    Settings {
        files: Vec::new(),
        poll: Poll {
            builtin_feeds: false,
            default_interval: zero,
            min_interval: zero,
            max_interval: zero,
            concurrency: 0,
            per_host: 0,
            host_gap: zero,
            timeout: zero,
            max_body_bytes: 0,
            contact: String::new(),
            allow_networks: Vec::new(),
            extra_ca: None,
            websub_callback: None,
        },
        filter: Filter { threshold: 0.0, exclude_kinds: Vec::new(), keep_rejects: zero },
        dedupe: Dedupe { window: zero },
        publish: Publish {
            title: String::new(),
            public_url: None,
            languages: Vec::new(),
            items: 0,
            window: zero,
            max_items: 0,
            settle: zero,
            retention: zero,
            hub: None,
        },
        serve: Serve { listen: None, admin_listen: None },
        feeds: Vec::new(),
        hosts: FxHashMap::default(),
        rules: RulesFile::default(),
    }
}
