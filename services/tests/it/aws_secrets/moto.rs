//! moto, which plays AWS for many people's tests: parameters and secrets are put by boto3 and read by us.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use adt_testkit::oracle;
use camino::Utf8Path;

/// Starts moto on a free port, puts what the test reads, says where it is, and serves until its input ends.
const SCRIPT: &str = r#"
import os, sys
os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
url = "http://%s:%d" % server.get_host_and_port()
def client(name):
    return boto3.client(name, region_name="us-west-2", endpoint_url=url)
client("ssm").put_parameter(Name="/adt/plain", Type="String", Value='{"a":1}')
client("ssm").put_parameter(Name="/adt/kept", Type="SecureString", Value="kept-value")
client("secretsmanager").create_secret(Name="adt/secret", SecretString="secret-value")
print(url, flush=True)
sys.stdin.read()
"#;

/// A moto of one's own; it ends when it is dropped.
pub(super) struct Moto {
    child: Child,
    pub(super) url: String,
}

impl Moto {
    pub(super) fn start() -> Self {
        let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
        let venv = oracle::venv(&folder, &["moto[server]==5.1.16"]).unwrap();
        let mut child = Command::new(oracle::program(&venv, "python"))
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("http"), "moto did not start");
        Self { child, url }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
