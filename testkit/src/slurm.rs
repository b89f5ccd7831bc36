//! A real SLURM for one test: munged, slurmctld and virtual nodes on loopback, with a key, ports and folders of their own.

use std::{
    io,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// How long anything may take that normally takes a second.
const PATIENCE: Duration = Duration::from_mins(1);

/// Nodes, a controller, and a partition `aind`. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Slurm {
    root: Utf8PathBuf,
    nodes: u32,
    rest: Option<u16>,
    _folder: tempfile::TempDir,
}

impl Slurm {
    /// Whether the programs are installed; Debian has them in `slurm-wlm` and `munge`.
    pub fn is_installed() -> bool {
        ["munged", "slurmctld", "slurmd", "sbatch"].iter().all(|name| find(name).is_some())
    }

    /// Starts so many nodes of four CPUs and 4000 MB; with `rest` a slurmrestd too. `None` where SLURM is not installed.
    pub fn start(nodes: u32, rest: bool) -> io::Result<Option<Self>> {
        if !Self::is_installed() || (rest && find("slurmrestd").is_none()) {
            return Ok(None);
        }
        // The path of munge's socket is short by law.
        let folder = tempfile::Builder::new().prefix("sl").tempdir_in("/tmp")?;
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned())
            .map_err(|_| io::Error::other("not UTF-8"))?;
        for name in ["munge", "ctld", "log", "etc", "pids"] {
            fs::create_dir(root.join(name))?;
        }
        let ports = free_ports(nodes as usize + 2)?;
        let slurm = Self { root, nodes, rest: rest.then_some(ports[1]), _folder: folder };
        slurm.keys()?;
        fs::write(slurm.root.join("etc/slurm.conf"), slurm.configuration(&ports)?)?;
        // Stops slurmd from looking for a hierarchy of groups that containers do not have.
        fs::write(slurm.root.join("etc/cgroup.conf"), "CgroupPlugin=cgroup/v1\n")?;
        slurm.munged()?;
        slurm.daemon("slurmctld", &["-i"])?;
        for node in 1..=nodes {
            slurm.daemon("slurmd", &["-N", &format!("n{node}")])?;
        }
        slurm.until("idle nodes", || slurm.idle() == nodes)?;
        if rest {
            slurm.rest_server()?;
        }
        Ok(Some(slurm))
    }

    /// A program that speaks to this SLURM.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(find(program).unwrap_or_else(|| program.into()));
        command.envs(self.env());
        command
    }

    /// What programs need in their environment to find this SLURM.
    pub fn env(&self) -> Vec<(String, String)> {
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        vec![
            ("SLURM_CONF".to_owned(), self.root.join("etc/slurm.conf").into_string()),
            ("PATH".to_owned(), path),
        ]
    }

    /// Where slurmrestd listens.
    pub fn rest_url(&self) -> Option<String> {
        self.rest.map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// Whose token that is.
    pub fn user(&self) -> io::Result<String> {
        Ok(output(Command::new("id").arg("-un"))?.trim().to_owned())
    }

    /// A token for slurmrestd, good for ten minutes.
    pub fn token(&self) -> io::Result<String> {
        let said = self.said("scontrol", &["token", "lifespan=600"])?;
        said.trim()
            .strip_prefix("SLURM_JWT=")
            .map(str::to_owned)
            .ok_or_else(|| io::Error::other(said.clone()))
    }

    /// Lines of `squeue`: jobs that wait or run, each with its state.
    pub fn queue(&self) -> io::Result<Vec<String>> {
        Ok(self
            .said("squeue", &["-h", "-o", "%i %T %r"])?
            .lines()
            .map(|line| line.trim().to_owned())
            .collect())
    }

    /// Waits until no job is left.
    pub fn until_empty(&self) -> io::Result<()> {
        self.until("an empty queue", || self.queue().is_ok_and(|queue| queue.is_empty()))
    }

    /// A node is gone, with everything on it, as if its power were cut.
    pub fn node_down(&self, node: &str) -> io::Result<()> {
        let pid = fs::read_to_string(self.root.join(format!("pids/slurmd-{node}")))?;
        // A script has its node's folder in its command, a task of a step has the node's name in its environment.
        let mut of_node = processes(&[&format!("{}/slurmd-{node}/", self.root)])?;
        of_node.extend(processes(&[&format!("SLURMD_NODENAME={node}\0"), self.root.as_str()])?);
        // Those who would tell of the others' end go first.
        let tellers = of_node.iter().filter_map(|pid| parent(*pid)).filter(|pid| is_step_daemon(*pid));
        let below = of_node.iter().flat_map(|pid| descendants(*pid));
        let all: Vec<u32> =
            tellers.chain(pid.trim().parse()).chain(of_node.iter().copied()).chain(below).collect();
        for pid in all {
            kill("-KILL", pid);
        }
        self.said("scontrol", &["update", &format!("nodename={node}"), "state=down", "reason=test"]).map(drop)
    }

    /// What `scontrol show job` says of a job, while it is remembered.
    pub fn job(&self, id: &str) -> io::Result<String> {
        self.said("scontrol", &["show", "job", "-o", id])
    }

    fn keys(&self) -> io::Result<()> {
        for (name, length) in [("munge/key", 128), ("ctld/jwt_hs256.key", 32)] {
            let path = self.root.join(name);
            let mut random = vec![0; length];
            io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut random)?;
            fs::write(&path, random)?;
            private(&path)?;
        }
        Ok(())
    }

    fn munged(&self) -> io::Result<()> {
        let at = |name: &str| self.root.join(name);
        let mut command = self.command("munged");
        command
            .arg("--force")
            .arg(format!("--key-file={}", at("munge/key")))
            .arg(format!("--socket={}", at("munge/s")))
            .arg(format!("--pid-file={}", at("pids/munged")))
            .arg(format!("--log-file={}", at("log/munged.log")))
            .arg(format!("--seed-file={}", at("munge/seed")))
            .arg("--num-threads=2");
        well(&mut command)
    }

    fn daemon(&self, program: &str, flags: &[&str]) -> io::Result<()> {
        well(self.command(program).args(flags))
    }

    fn rest_server(&self) -> io::Result<()> {
        let Some(port) = self.rest else { return Ok(()) };
        let log = fs::File::create(self.root.join("log/slurmrestd.log"))?;
        let child = self
            .command("slurmrestd")
            .env("SLURMRESTD_SECURITY", "disable_user_check")
            .env("SLURM_JWT", "daemon")
            // Its other plugins end the program where there is no database.
            .args([
                "-s",
                "openapi/v0.0.38,openapi/v0.0.36",
                "-a",
                "rest_auth/jwt",
                &format!("127.0.0.1:{port}"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.into_parts().0)
            .spawn()?;
        fs::write(self.root.join("pids/slurmrestd"), child.id().to_string())?;
        self.until("slurmrestd", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
    }

    fn configuration(&self, ports: &[u16]) -> io::Result<String> {
        let root = &self.root;
        let host = output(Command::new("hostname").arg("-s"))?.trim().to_owned();
        let user = self.user()?;
        let mut text = format!(
            "ClusterName=adt\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={}\nSlurmUser={user}\nSlurmdUser={user}\n\
             AuthType=auth/munge\nAuthInfo=socket={root}/munge/s,cred_expire=5\nCredType=cred/munge\n\
             CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\nStateSaveLocation={root}/ctld\n\
             SlurmdSpoolDir={root}/slurmd-%n\nSlurmctldPidFile={root}/pids/slurmctld\nSlurmdPidFile={root}/pids/slurmd-%n\n\
             SlurmctldLogFile={root}/log/slurmctld.log\nSlurmdLogFile={root}/log/slurmd-%n.log\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n\
             AccountingStorageType=accounting_storage/none\nJobCompType=jobcomp/none\nMpiDefault=none\nSwitchType=switch/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU_Memory\nSlurmdParameters=config_overrides\n\
             ReturnToService=2\nMailProg=/bin/true\nSchedulerType=sched/backfill\n\
             SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1,requeue_delay=0\n\
             SlurmctldTimeout=30\nSlurmdTimeout=10\nMinJobAge=300\nKillWait=2\nCompleteWait=0\nInactiveLimit=0\nWaittime=0\n",
            ports[0]
        );
        if self.rest.is_some() {
            let key = format!("AuthAltTypes=auth/jwt\nAuthAltParameters=jwt_key={root}/ctld/jwt_hs256.key\n");
            text.push_str(&key);
        }
        for node in 1..=self.nodes {
            let port = ports[node as usize + 1];
            let of = format!("NodeName=n{node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}");
            text.push_str(&of);
            text.push_str(" CPUs=4 RealMemory=4000 TmpDisk=1000 State=UNKNOWN\n");
        }
        let nodes = self.nodes;
        let partition =
            format!("PartitionName=aind Nodes=n[1-{nodes}] Default=YES MaxTime=INFINITE State=UP\n");
        Ok(text + &partition)
    }

    fn idle(&self) -> u32 {
        let said = self.said("sinfo", &["-h", "-N", "-o", "%T"]).unwrap_or_default();
        said.lines().filter(|line| line.trim() == "idle").count() as u32
    }

    fn said(&self, program: &str, arguments: &[&str]) -> io::Result<String> {
        output(self.command(program).args(arguments))
    }

    fn until(&self, what: &str, is: impl Fn() -> bool) -> io::Result<()> {
        let began = Instant::now();
        while !is() {
            if began.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.root.join("log/slurmctld.log")).unwrap_or_default();
                let tail: Vec<_> = log.lines().rev().take(10).collect();
                return Err(io::Error::other(format!("never: {what}; slurmctld said {tail:#?}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn pids(&self) -> Vec<u32> {
        let files = fs::read_dir(self.root.join("pids")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_to_string(file.path()).ok()?.trim().parse().ok()).collect()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let user =
            std::env::var("USER").or_else(|_| output(Command::new("id").arg("-un"))).unwrap_or_default();
        let _ = self.said("scancel", &["--full", "--signal=KILL", &format!("--user={}", user.trim())]);
        let began = Instant::now();
        while self.queue().is_ok_and(|queue| !queue.is_empty()) && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let daemons = self.pids();
        for pid in &daemons {
            kill("-TERM", *pid);
        }
        let began = Instant::now();
        while daemons.iter().any(|pid| is_alive(*pid)) && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(50));
        }
        for pid in &daemons {
            kill("-KILL", *pid);
        }
        // Steps of nodes that were taken down have lost their parents; they bear our folder in their configuration.
        for pid in processes(&[self.root.as_str()]).unwrap_or_default() {
            kill("-KILL", pid);
        }
    }
}

/// A program, also where only administrators look.
fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Ports that were free a moment ago, all different.
fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let held: Vec<_> = (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<io::Result<_>>()?;
    held.iter().map(|listener| listener.local_addr().map(|address| address.port())).collect()
}

/// Processes whose command line and environment name all of `texts`, but for this one.
fn processes(texts: &[&str]) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let of = Path::new("/proc").join(pid.to_string());
        let mut said = std::fs::read(of.join("cmdline")).unwrap_or_default();
        said.extend(std::fs::read(of.join("environ")).unwrap_or_default());
        let names = |text: &&str| said.windows(text.len()).any(|window| window == text.as_bytes());
        if pid != std::process::id() && texts.iter().all(names) {
            found.push(pid);
        }
    }
    Ok(found)
}

fn parent(pid: u32) -> Option<u32> {
    let said = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may have spaces and parentheses.
    said.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn is_step_daemon(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "slurmstepd")
}

fn descendants(pid: u32) -> Vec<u32> {
    let said = output(Command::new("pgrep").args(["-P", &pid.to_string()])).unwrap_or_default();
    let children: Vec<u32> = said.lines().filter_map(|line| line.trim().parse().ok()).collect();
    children.iter().copied().chain(children.iter().flat_map(|child| descendants(*child))).collect()
}

fn is_alive(pid: u32) -> bool {
    Utf8Path::new("/proc").join(pid.to_string()).exists()
}

fn kill(signal: &str, pid: u32) {
    let _ = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
}

fn well(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} ended with {status}"))) }
}

fn output(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())))
    }
}

#[cfg(unix)]
fn private(path: &Utf8Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_: &Utf8Path) -> io::Result<()> {
    Ok(())
}
