//! Other people's programs that read what we write.

use std::{io, process::Command};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// A Python environment with these packages, made once below `folder` (such as `target/oracles`) and kept for later runs.
///
/// `packages` are as `pip` takes them, best with versions. Needs `python3` and, the first time, a package index. Two tests that
/// ask at the same time wait for each other. Returns the environment's folder; see [`program`].
pub fn venv(folder: &Utf8Path, packages: &[&str]) -> io::Result<Utf8PathBuf> {
    fs::create_dir_all(folder)?;
    let lock = fs::File::create(folder.join("lock"))?;
    lock.file().lock()?;
    let name: String = packages
        .join("_")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    let made = folder.join(name);
    let whole = made.join("whole");
    if whole.is_file() {
        return Ok(made);
    }
    if made.is_dir() {
        fs::remove_dir_all(&made)?;
    }
    if Command::new("uv").arg("--version").output().is_ok_and(|out| out.status.success()) {
        let fresh =
            |more: &[&str]| run(Command::new("uv").args(["venv", "--quiet"]).args(more).arg(made.as_str()));
        // Packages of the original's time have no wheels for the newest Pythons; whatever there is will do for the others.
        fresh(&["--python", "3.11"]).or_else(|_| {
            fs::remove_dir_all(&made).ok();
            fresh(&[])
        })?;
        let python = program(&made, "python");
        run(Command::new("uv")
            .args(["pip", "install", "--quiet", "--python", python.as_str()])
            .args(packages))?;
    } else {
        run(Command::new("python3").args(["-m", "venv", made.as_str()]))?;
        run(Command::new(program(&made, "python")).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    }
    fs::write(whole, "")?;
    Ok(made)
}

/// Where a program of an environment is.
pub fn program(venv: &Utf8Path, name: &str) -> Utf8PathBuf {
    if cfg!(windows) { venv.join("Scripts").join(format!("{name}.exe")) } else { venv.join("bin").join(name) }
}

/// Fails with what the program said.
fn run(command: &mut Command) -> io::Result<()> {
    let out = command.output()?;
    if out.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&out.stderr).trim())))
}
