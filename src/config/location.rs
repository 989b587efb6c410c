//! Where configuration and data are: the first place that is there.

use std::io;
use std::path::{Path, PathBuf};

/// The environment variables that matter, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// Made up, for tests.
    pub fn from_pairs<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    /// The value of `key`, if it is set and not empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All variables that begin with `prefix`, in the order of their names.
    pub(super) fn with_prefix(&self, prefix: &str) -> Vec<(&str, &str)> {
        let mut found: Vec<_> = self.0.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        found.retain(|(key, _)| key.starts_with(prefix));
        found.sort_unstable();
        found
    }
}

/// What the command line says about places.
#[derive(Debug, Clone, Default)]
pub struct Locations {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
}

const FILE: &str = "chipwire.toml";

/// The configuration file or directory; `None` where there is none, which is fine. One that was named is taken
/// whether it is there or not, so that a slip is an error and not silence.
pub fn locate_config(given: &Locations, environment: &Environment) -> Option<PathBuf> {
    if let Some(named) =
        given.config.clone().or_else(|| environment.get("CHIPWIRE_CONFIG").map(PathBuf::from))
    {
        return Some(named);
    }
    let in_directory =
        environment.get("CONFIGURATION_DIRECTORY").map(|directory| first(directory).join(FILE));
    let of_system = Some(PathBuf::from("/etc/chipwire").join(FILE));
    let of_user = xdg(environment, "XDG_CONFIG_HOME", ".config").map(|directory| directory.join(FILE));
    [in_directory, of_system, of_user].into_iter().flatten().find(|path| path.exists() || has_drop_ins(path))
}

/// The data directory.
///
/// # Errors
/// Where no place can be named at all, or the system's is there but can't be read: opening another one instead
/// would show an operator an empty store.
pub fn locate_data(given: &Locations, environment: &Environment) -> io::Result<PathBuf> {
    let named = given.data.clone().or_else(|| environment.get("CHIPWIRE_DATA").map(PathBuf::from));
    let named = named.or_else(|| environment.get("STATE_DIRECTORY").map(first));
    if let Some(named) = named {
        return Ok(named);
    }
    let system = Path::new("/var/lib/chipwire");
    if system.symlink_metadata().is_ok() {
        std::fs::read_dir(system).map_err(|error| {
            let message = format!(
                "{} is there but can't be read ({error}); run as its owner (sudo -u chipwire, or root), or name another place with --data",
                system.display()
            );
            io::Error::new(error.kind(), message)
        })?;
        return Ok(system.to_owned());
    }
    let user = xdg(environment, "XDG_DATA_HOME", ".local/share").map(|directory| directory.join("chipwire"));
    user.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no place for data: name one with --data DIR"))
}

/// systemd gives a list with colons where a unit names several directories.
fn first(directories: &str) -> PathBuf {
    PathBuf::from(directories.split(':').next().unwrap_or(directories))
}

fn has_drop_ins(file: &Path) -> bool {
    file.parent().is_some_and(|directory| directory.join("conf.d").is_dir())
}

fn xdg(environment: &Environment, key: &str, below_home: &str) -> Option<PathBuf> {
    let set = environment.get(key).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| environment.get("HOME").map(|home| Path::new(home).join(below_home)))
}
