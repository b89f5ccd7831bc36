//! The Windows build of the program, run by wine on this machine.

use std::{
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use adt_testkit::lies::LyingServer;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::{
    desk::{Desk, Said},
    moving::Moves,
};

/// What runs it.
struct Wine {
    program: Utf8PathBuf,
    exe: Utf8PathBuf,
    /// The folder that takes the place of a Windows installation.
    prefix: Utf8PathBuf,
    /// What else `scripts/build-windows` builds for these tests.
    libraries: Utf8PathBuf,
}

/// Where cargo builds.
fn target() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

impl Wine {
    /// Looked for once.
    fn find() -> Result<&'static Self, &'static str> {
        static FOUND: OnceLock<Result<Wine, String>> = OnceLock::new();
        FOUND.get_or_init(Self::look).as_ref().map_err(String::as_str)
    }

    fn look() -> Result<Self, String> {
        let usual = target().join("x86_64-pc-windows-gnu/debug/adt.exe");
        let exe = std::env::var("ADT_WINDOWS_EXE").map_or(usual, Utf8PathBuf::from);
        if !exe.is_file() {
            return Err(format!("there is no `{exe}`; scripts/build-windows makes it"));
        }
        let folders = std::env::var("PATH").unwrap_or_default();
        let found = |name: &str| {
            folders.split(':').map(|folder| Utf8Path::new(folder).join(name)).find(|path| path.is_file())
        };
        let debian = || Some(Utf8PathBuf::from("/usr/lib/wine/wine64")).filter(|path| path.is_file());
        let program = found("wine64").or_else(debian).or_else(|| found("wine"));
        let program = program.ok_or("wine is not installed")?;
        let wine = Self {
            program,
            // Beside the executable, wherever that was built.
            libraries: exe.ancestors().nth(3).unwrap_or(&exe).join("windows-build/wine"),
            exe,
            prefix: Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("wine"),
        };
        fs::create_dir_all(&wine.prefix).unwrap();
        let made = wine.command("wineboot", &wine.prefix).arg("--init").output().unwrap();
        if made.status.success() { Ok(wine) } else { Err(format!("wine cannot start: {made:?}")) }
    }

    /// A program of Windows in an environment with nothing but what wine needs.
    fn command(&self, program: &str, home: &Utf8Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(program)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            // Names of files are UTF-8 for wine only where the system says so.
            .env("LC_ALL", "C.UTF-8")
            .env("WINEPREFIX", &self.prefix)
            .env("WINEPATH", windows(&self.libraries))
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .stdin(Stdio::null());
        command
    }
}

/// A path of this machine as Windows' programs see it.
pub(super) fn windows(path: &Utf8Path) -> String {
    format!("Z:{}", path.as_str().replace('/', "\\"))
}

/// A desk with Windows on it.
pub(super) struct Rig {
    pub(super) desk: Desk,
    wine: &'static Wine,
}

impl Rig {
    /// `None`, with a line, where there is no Windows build or no wine.
    pub(super) fn new() -> Option<Self> {
        match Wine::find() {
            Ok(wine) => Some(Self { desk: Desk::new(), wine }),
            Err(why) => {
                adt_testkit::skipped(&format!("Windows: {why}"));
                None
            }
        }
    }

    /// A path below the desk's folder, as Windows' programs see it.
    pub(super) fn path(&self, name: &str) -> String {
        windows(&self.desk.root.join(name))
    }

    /// The drive `C:` of wine.
    pub(super) fn drive(&self) -> Utf8PathBuf {
        self.wine.prefix.join("drive_c")
    }

    /// The program that has a file for itself until its input ends, if it was built.
    pub(super) fn holder(&self) -> Option<Command> {
        let program = self.wine.libraries.join("hold.exe");
        if !program.is_file() {
            adt_testkit::skipped("Windows: scripts/build-windows has not built `hold.exe`");
            return None;
        }
        Some(self.other(program.as_str()))
    }

    /// Another program of Windows.
    pub(super) fn other(&self, program: &str) -> Command {
        self.wine.command(program, &self.desk.root)
    }

    /// The Windows build, with the desk's own server as S3.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.other(self.wine.exe.as_str());
        command
            .args(args)
            .env("ADT_LEDGER", self.path("home\\ledger.sqlite"))
            .env("ADT_RETRY_TIME", "5s")
            .env("AWS_ENDPOINT_URL_S3", self.desk.endpoint())
            .env("AWS_ACCESS_KEY_ID", "sandbox")
            .env("AWS_SECRET_ACCESS_KEY", crate::desk::SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .current_dir(self.desk.root.join("work"));
        command
    }

    pub(super) fn adt(&self, args: &[&str]) -> Said {
        Said::of(&mut self.command(args))
    }

    /// With `--json`, and what happened to each object.
    pub(super) fn moves(&self, args: &[&str]) -> Moves {
        Moves::of(Said::of(self.command(args).arg("--json")))
    }

    /// The same with a server that keeps every key, in its bucket `lab`.
    pub(super) fn moves_with(&self, server: &LyingServer, args: &[&str]) -> Moves {
        Moves::of(Said::of(self.command(args).arg("--json").envs(server.environment())))
    }

    pub(super) fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}
