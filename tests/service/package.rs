//! The package: what `Cargo.toml` says is in it exists or is made by `packaging/prepare`, and a package of it can be
//! built, unpacked and asked.

use super::manager::{run, tree};
use super::tools::tool;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Source, destination, mode.
fn assets() -> Vec<(String, String, u32)> {
    let manifest: toml::Table = fs::read_to_string(tree("Cargo.toml")).unwrap().parse().unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let asset = |asset: &toml::Value| {
        (text(&asset[0]), text(&asset[1]), u32::from_str_radix(asset[2].as_str().unwrap(), 8).unwrap())
    };
    assets.iter().map(asset).collect()
}

/// Lays the package's files out below a directory, with the program of this test run.
fn stage(root: &Path) {
    let made = root.with_extension("made");
    let mut prepare = Command::new(tree("packaging/prepare"));
    let arguments = [env!("CARGO_BIN_EXE_chipwire"), made.to_str().unwrap()];
    assert_eq!(run(&mut prepare, &arguments).0, 0);
    for (source, destination, mode) in assets() {
        let from = match source.strip_prefix("target/package/") {
            Some(name) => made.join(name),
            None if source == "target/release/chipwire" => PathBuf::from(env!("CARGO_BIN_EXE_chipwire")),
            None => tree(&source),
        };
        let mut to = root.join(&destination);
        if destination.ends_with('/') {
            to.push(Path::new(&source).file_name().unwrap());
        }
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&from, &to).unwrap_or_else(|error| panic!("{source}: {error}"));
        fs::set_permissions(&to, fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_package_can_be_built_and_holds_what_an_operator_expects() {
    let Some(mut builder) = tool("dpkg-deb") else { return };
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    stage(&root);
    let control = root.join("DEBIAN");
    fs::create_dir(&control).unwrap();
    let text = "Package: chipwire\nVersion: 0\nArchitecture: all\nMaintainer: nobody\nDescription: a test\n";
    fs::write(control.join("control"), text).unwrap();
    fs::write(control.join("conffiles"), "/etc/chipwire/chipwire.toml\n").unwrap();
    for script in ["postinst", "prerm", "postrm"] {
        fs::copy(tree(&format!("packaging/debian/{script}")), control.join(script)).unwrap();
    }
    let package = dir.path().join("chipwire.deb");
    let done =
        builder.args(["--build", "--root-owner-group", "-Znone"]).arg(&root).arg(&package).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let Some(mut list) = tool("dpkg-deb") else { return };
    let (_, listing, _) = run(list.arg("--contents"), &[package.to_str().unwrap()]);
    for file in [
        "/usr/bin/chipwire",
        "/usr/lib/systemd/system/chipwire.service",
        "/usr/lib/systemd/system/chipwire.socket",
        "/etc/chipwire/chipwire.toml",
        "/usr/share/man/man1/chipwire.1",
        "/usr/share/man/man5/chipwire.toml.5",
        "/usr/share/bash-completion/completions/chipwire",
        "/usr/share/doc/chipwire/operating.md",
    ] {
        assert!(
            listing.lines().any(|line| line.ends_with(&format!(".{file}"))),
            "{file} is not in\n{listing}"
        );
    }
}

#[test]
fn installed_below_a_scratch_root_it_leaves_nothing_but_data_when_purged() {
    let Some(_) = tool("dpkg") else { return };
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root installs packages");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, machine) = (dir.path().join("root"), dir.path().join("machine"));
    stage(&root);
    fs::create_dir(root.join("DEBIAN")).unwrap();
    let text = "Package: chipwire\nVersion: 0\nArchitecture: all\nMaintainer: nobody\nDescription: a test\n";
    fs::write(root.join("DEBIAN/control"), text).unwrap();
    fs::write(root.join("DEBIAN/conffiles"), "/etc/chipwire/chipwire.toml\n").unwrap();
    let package = dir.path().join("chipwire.deb");
    let built =
        Command::new("dpkg-deb").args(["--build", "-Znone"]).arg(&root).arg(&package).output().unwrap();
    assert!(built.status.success(), "{built:?}");

    fs::create_dir_all(machine.join("var/lib/dpkg/info")).unwrap();
    fs::create_dir_all(machine.join("var/lib/dpkg/updates")).unwrap();
    fs::write(machine.join("var/lib/dpkg/status"), "").unwrap();
    fs::write(machine.join("var/lib/dpkg/available"), "").unwrap();
    // Without its scripts, which would need a shell in there.
    let dpkg = |arguments: &[&str]| {
        let mut command = Command::new("dpkg");
        command.arg(format!("--root={}", machine.display())).arg("--force-script-chrootless");
        let (status, out, error) = run(&mut command, arguments);
        assert_eq!(status, 0, "{arguments:?}: {out}{error}");
    };
    dpkg(&["--install", package.to_str().unwrap()]);
    assert!(machine.join("usr/bin/chipwire").exists() && machine.join("etc/chipwire/chipwire.toml").exists());
    fs::create_dir_all(machine.join("var/lib/private/chipwire")).unwrap();
    fs::write(machine.join("var/lib/private/chipwire/journal"), "data").unwrap();
    dpkg(&["--purge", "chipwire"]);
    for gone in
        ["usr/bin/chipwire", "etc/chipwire", "usr/share/man", "usr/share/doc/chipwire", "usr/lib/systemd"]
    {
        assert!(!machine.join(gone).exists(), "{gone} stays");
    }
    assert!(machine.join("var/lib/private/chipwire/journal").exists(), "the data went");
}

#[test]
fn the_scripts_of_the_package_are_shell() {
    for script in ["debian/postinst", "debian/prerm", "debian/postrm", "prepare", "image"] {
        let path = tree(&format!("packaging/{script}"));
        let (status, _, error) = run(Command::new("sh").arg("-n").arg(&path), &[]);
        assert_eq!(status, 0, "{script}: {error}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111, "{script} can be run");
    }
}

#[test]
fn the_configuration_of_the_package_is_a_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_chipwire"));
    command.env_clear().env("HOME", dir.path()).arg("--config").arg(tree("packaging/chipwire.toml"));
    let (status, _, error) = run(&mut command, &["check"]);
    assert_eq!((status, error.as_str()), (0, ""));
}
