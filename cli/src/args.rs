//! What a person types. Help texts live here; nothing in this file acts.

mod cluster;
mod ephys;
mod imaging;
mod imaging_tools;
mod moving;

use adt_model::{MetadataApi, MetadataMissing, Schema, SourceLinks, VideoEncryption};
use camino::Utf8PathBuf;
use clap::{
    ArgAction, Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint,
};
use clap_complete::Shell;

pub(crate) use cluster::{Engine, LayoutChoice, OfRun, Shard, Submit, Via, Work};
pub(crate) use ephys::{Ephys, EphysCodec, EphysCompress, EphysInfo, EphysRestore, EphysVerify};
pub(crate) use imaging::{Convert, Imaging};
pub(crate) use imaging_tools::{ImagingInfo, ImagingMips, ImagingValidate, ImagingVerify};
pub(crate) use moving::{
    Clean, Clouds, Copy, FromSide, LinksChoice, Ls, Move, Rates, Selecting, Sync, Verify,
};

const EXAMPLES: &str = "\
Examples:
  adt demo                     see it all happen on a small lab that it makes
  adt check jobs.csv           is everything right with this list?
  adt plan jobs.csv            what would be done?
  adt run jobs.csv             do it; after an interruption, the same again
  adt copy DATA s3://bucket/x  only move data, between folders and clouds
  adt history                  what was done, and what failed";

const MORE: &str = "\
Examples:
  adt demo                     see it all happen on a small lab that it makes
  adt check jobs.csv           is everything right with this list?
  adt plan jobs.csv            what would be done?
  adt run jobs.csv             do it; after an interruption, the same again
  adt copy DATA s3://bucket/x  only move data, between folders and clouds
  adt history                  what was done, and what failed

Exit codes:
  0    everything asked for is done (or there was nothing to do)
  1    at least one job failed; the others were done
  2    bad input; nothing was started, nothing was written
  3    a bug in this program
  75   `adt work`: interrupted or not complete; the same again goes on there
  130  interrupted; running the same command again resumes

Settings:
  A flag wins over an environment variable (`ADT_…`), that over the
  configuration file, that over the default. `adt settings` shows each value
  and where it came from.

Credentials and endpoints:
  Those of each cloud's own tools. S3: `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`,
  `AWS_ENDPOINT_URL_S3`, `~/.aws/config` (SSO and roles included) and so on.
  Google: `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's application default.
  Azure: `AZURE_STORAGE_CONNECTION_STRING`, a key, a SAS, `az login`.";

const RUN_EXAMPLES: &str = r#"Examples:
  adt run jobs.csv
  adt run jobs.csv --dry-run
  adt run job.json --parallel-jobs 2
  generate-jobs | adt run -
  adt run --json-args '{"s3_bucket": "my-bucket", "platform": "SmartSPIM",
      "subject_id": "123456", "acq_datetime": "2023-10-12 08:32:18",
      "modalities": [{"modality": "SPIM", "source": "/data/brain"}]}'
  adt run -b my-bucket -e SmartSPIM -s 123456 -a "2023-10-12 08:32:18" \
      -m '[{"modality": "SPIM", "source": "/data/brain"}]'

A list (CSV), one row for each session:
  s3_bucket,platform,subject_id,acq_datetime,modality0,modality0.source
  my-bucket,SmartSPIM,123456,2023-10-12 08:32:18,SPIM,/data/brain"#;

/// Gets a day's recordings off the rig and into the cloud: compressed, described, verified
#[derive(Debug, Parser)]
#[command(name = "adt", version, after_help = EXAMPLES, after_long_help = MORE, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// What was typed, with globs in the order they were given.
    pub(crate) fn typed() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let mut args = Self::from_arg_matches(&matches)?;
        args.in_order(&matches);
        Ok(args)
    }

    /// Words that stand somewhere else than on this command line, the program's name first.
    pub(crate) fn of(words: impl IntoIterator<Item = String>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(words)?;
        let mut args = Self::from_arg_matches(&matches)?;
        args.in_order(&matches);
        Ok(args)
    }

    fn in_order(&mut self, matches: &clap::ArgMatches) {
        if let Some((_, own)) = matches.subcommand() {
            match &mut self.command {
                Command::Copy(copy) => copy.selecting.in_order(own),
                Command::Sync(sync) => sync.copy.selecting.in_order(own),
                Command::Move(moved) => moved.copy.selecting.in_order(own),
                Command::Verify(verify) => verify.selecting.in_order(own),
                Command::Ls(ls) => ls.selecting.in_order(own),
                _ => {}
            }
        }
    }
}

/// Flags of every command
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Every command")]
pub(crate) struct Common {
    /// Print one JSON object a line on stdout; words for people go to stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only what failed, and what was asked to be shown
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// How much a run says: error, warning (the default), info (each step), debug (each object)
    ///
    /// The names are those of Python's logging; `critical` counts as error. When nobody says otherwise, the `log_level` of the
    /// job that asks for most is heard. `--quiet` and `--json` do not look at it. Also `ADT_LOG_LEVEL`.
    #[arg(short, long, global = true, value_name = "LEVEL", hide_short_help = true)]
    pub log_level: Option<String>,
    /// Configuration file (TOML) (also `ADT_CONFIG`)
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true, value_hint = ValueHint::FilePath)]
    pub config: Option<Utf8PathBuf>,
    /// Where to remember what was done (SQLite, on a local disk) (also `ADT_LEDGER`)
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true, value_hint = ValueHint::FilePath)]
    pub ledger: Option<Utf8PathBuf>,
    /// Send credentials to another computer over plain `http://` (also `ADT_ALLOW_HTTP`)
    ///
    /// Without it a key, a token or a signature goes to other computers by `https://` only. This computer (`http://localhost`) and requests
    /// without credentials need no permission.
    #[arg(long, global = true, hide_short_help = true)]
    pub allow_http: bool,
    /// Certificates (PEM) that are trusted beside those of the system (also `ADT_CA_FILE`)
    ///
    /// For stores and services with a private certificate authority or a self-signed certificate. Applies to every connection and takes
    /// precedence over `AWS_CA_BUNDLE`.
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true, value_hint = ValueHint::FilePath)]
    pub ca_file: Option<Utf8PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a list of upload jobs; running the same list again goes on where it was
    #[command(
        after_help = "Examples:\n  adt run jobs.csv\n  adt run jobs.csv --dry-run\n  generate-jobs | adt run -",
        after_long_help = RUN_EXAMPLES
    )]
    Run(Run),
    /// Say every problem of every job before anything starts; exit 0 or 2
    ///
    /// Reads the list, looks at every source folder, asks every destination whether it may be written to, and asks the services: parameters
    /// and secrets, Code Ocean (token and capsule), the metadata service (the subject). Nothing is left behind anywhere.
    #[command(after_help = "Examples:\n  adt check jobs.csv\n  adt check jobs.csv --json")]
    Check(Jobs),
    /// Show step by step what would be done; touches nothing
    #[command(
        after_help = "Examples:\n  adt plan jobs.csv\n  adt plan jobs.csv --json | jq .stages\n  adt plan jobs.csv --simulate-nodes 64"
    )]
    Plan(Planned),
    /// Show what ran, how much it moved, how fast, what failed and why
    #[command(
        after_help = "Examples:\n  adt history\n  adt history SmartSPIM_123456_2023-10-12_08-32-18\n  adt history --failed"
    )]
    History(History),
    /// Show each setting's value and where it came from
    ///
    /// All of them can stand in the configuration file, one `name = value` a line.
    #[command(after_help = "Examples:\n  adt settings\n  adt settings --memory 256MiB --json")]
    Settings(Shown),
    /// Open an encrypted video that this program (or the Python original) wrote
    #[command(
        after_help = "Examples:\n  adt decrypt cam.mp4.zip\n  adt decrypt *.avi.zip -o videos --password ssm:/lab/video-password\n  echo secret | adt decrypt cam.mp4.zip"
    )]
    Decrypt(Decrypt),
    /// Recordings of Open Ephys and SpikeGLX: compress them, restore them byte for byte, inspect them
    #[command(
        after_help = "Examples:\n  adt ephys info /data/session\n  adt ephys compress /data/session s3://bucket/asset\n  adt ephys restore s3://bucket/asset /data/again"
    )]
    Ephys {
        #[command(subcommand)]
        command: Ephys,
    },
    /// Images of microscopes: convert them into OME-Zarr
    #[command(
        after_help = "Examples:\n  adt imaging zarr /data/exaSPIM_1 s3://bucket/exaSPIM_1/SPIM.ome.zarr\n  adt imaging n5 /data/fused.n5 /archive/fused.zarr"
    )]
    Imaging {
        #[command(subcommand)]
        command: Imaging,
    },
    /// Copy objects between folders and clouds; what the destination holds already is kept
    #[command(after_help = moving::COPY_EXAMPLES, after_long_help = moving::COPY_MORE)]
    Copy(Box<Copy>),
    /// Make a destination like a source
    ///
    /// As `adt copy`; with `--delete` also what the source does not have is deleted.
    #[command(
        after_help = "Examples:\n  adt sync /data/session s3://bucket/session\n  adt sync s3://bucket/session /archive/session --delete --max-delete 100\n  adt sync s3://bucket/a gs://other/a --dry-run"
    )]
    Sync(Box<Sync>),
    /// Move objects: copy them, prove that the destination has them, then delete each at the source
    ///
    /// Like `adt copy`. Nothing is deleted before everything has been copied. An object is deleted only if the destination's bytes have its
    /// checksum and it has not changed since; what is reached through a link stays.
    #[command(
        after_help = "Examples:\n  adt move /data/session s3://bucket/session --dry-run\n  adt move /data/session s3://bucket/session\n  adt move s3://bucket/old gs://archive/old --min-age 30d"
    )]
    Move(Box<Move>),
    /// Prove that a destination holds a source, byte for byte; exit 1 if it does not
    ///
    /// By the checksums that servers keep where the two sides can be compared; files of this machine are read; what keeps no checksum in
    /// common with the other side is downloaded. Objects that only the destination has are named, and are no failure.
    #[command(
        after_help = "Examples:\n  adt verify /data/session s3://bucket/session\n  adt verify s3://bucket/session gs://other/session --manifest session.jsonl\n  adt verify gs://other/session --manifest session.jsonl"
    )]
    Verify(Box<Verify>),
    /// List what a place holds: size, time, name
    #[command(
        after_help = "Examples:\n  adt ls s3://bucket/\n  adt ls -r gs://bucket/session --include '*.json'\n  adt ls -r az://account/container --json"
    )]
    Ls(Box<Ls>),
    /// Throw away uploads that were begun and will not go on
    ///
    /// Also those of others: make sure that nobody is uploading to the place.
    #[command(
        after_help = "Examples:\n  adt clean s3://bucket/session --dry-run\n  adt clean s3://bucket/session"
    )]
    Clean(Box<Clean>),
    /// Have a cluster do a list of jobs, a conversion of images, or a copy: plan it, write the scripts, submit them
    ///
    /// The heavy work is cut into items that any number of tasks share; what is done is known by markers at the destination, so that a
    /// task, a node or the whole run may die at any moment, and the same command again goes on where it was. Flags of this command come
    /// before what is to be done.
    #[command(
        after_help = "Examples:\n  adt submit --nodes 4 --cpus-per-task 8 --mem-per-cpu 2000 --walltime 08:00:00 jobs.csv\n  adt submit --layout array --queue aind --wait jobs.csv\n  adt submit --nodes 4 imaging zarr /data/exaSPIM_1 s3://bucket/exaSPIM_1/SPIM.ome.zarr\n  adt submit --layout array --nodes 4 copy s3://lab/session gs://archive/session\n  adt submit --engine kubernetes --print --image ghcr.io/lab/adt:1 jobs.csv"
    )]
    Submit(Box<Submit>),
    /// How far a submitted run is: items done in each stage, rate, time left, what failed and why
    #[command(
        after_help = "Examples:\n  adt status ~/.slurm/20261123_101500\n  adt status ~/.slurm/20261123_101500 --json"
    )]
    Status(OfRun),
    /// Cancel the jobs of a submitted run; what is done stays, and submitting it again goes on there
    #[command(after_help = "Example:\n  adt cancel ~/.slurm/20261123_101500")]
    Cancel(OfRun),
    /// Do a share of planned work: what each task of a cluster runs
    ///
    /// What is done is known by markers at the destination: any number of processes may share the work, in any order, on any machine that
    /// sees the source; one that is run twice finds its share done. Exit codes: 0 done, 2 wrong input (do not try again), 75 interrupted or
    /// not complete (try again), 1 something failed.
    #[command(
        after_help = "Examples:\n  adt work s3://bucket/asset --shard 0/4\n  mpiexec -n 16 adt work s3://bucket/asset --shard auto\n  adt work s3://bucket/asset --check\n  adt work s3://bucket/asset --finish"
    )]
    Work(Work),
    /// Make a small lab of data and run it all against an object store inside this program
    #[command(after_help = "Example:\n  adt demo /tmp/adt-demo")]
    Demo(Demo),
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  adt completions bash > ~/.local/share/bash-completion/completions/adt\n  adt completions powershell >> $PROFILE"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write the manual pages into a folder
    #[command(after_help = "Example:\n  adt man ~/.local/share/man/man1")]
    Man {
        /// The folder; it is made when it is missing
        #[arg(value_hint = ValueHint::DirPath)]
        folder: Utf8PathBuf,
    },
    /// Print this reference as Markdown
    #[command(hide = true)]
    Reference,
}

/// Jobs, from a list or from the command line
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Jobs {
    /// A CSV list, a JSON file with one job or a list of jobs, or `-` for standard input
    #[arg(value_name = "JOBS.csv|JOB.json|-", value_hint = ValueHint::FilePath)]
    pub list: Option<Utf8PathBuf>,
    /// The same, as the Python original spells it
    #[arg(short = 'j', long = "jobs-csv-file", value_name = "FILE", conflicts_with = "list", value_hint = ValueHint::FilePath)]
    pub csv_file: Option<Utf8PathBuf>,
    /// One job or a list of jobs as JSON text (also `UPLOAD_JOB_JSON_ARGS`, when no jobs are given otherwise)
    #[arg(long, value_name = "JSON", conflicts_with_all = ["list", "csv_file"])]
    pub json_args: Option<String>,
    #[command(flatten)]
    pub flags: Flags,
    #[command(flatten)]
    pub single: Single,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Planned {
    #[command(flatten)]
    pub jobs: Jobs,
    /// Say how the work would fall on so many tasks of a cluster: items and bytes of each stage, the longest task, what its barrier costs
    ///
    /// Headers are read, and nothing else. A stage ends when its longest task ends.
    #[arg(long, value_name = "N", display_order = 90, value_parser = clap::value_parser!(u64).range(1..))]
    pub simulate_nodes: Option<u64>,
}

/// Switches that apply to every job of the list and win over its cells
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "For every job of the list (these win over its cells)")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch a person can set")]
pub(crate) struct Flags {
    /// Read, compress and count everything, and list the objects; write and trigger nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Compress every modality: each folder becomes one zip
    #[arg(long)]
    pub compress_raw_data: bool,
    /// Complete assets that exist already: only what differs is sent, nothing is deleted
    #[arg(long)]
    pub force_cloud_sync: bool,
    /// For old scripts; has no effect: data goes straight to the destination unless a job names a `temp_directory`
    #[arg(long, hide_short_help = true)]
    pub skip_staging: bool,
    /// Documents in `metadata_dir` win over those of the metadata service
    #[arg(long, hide_short_help = true)]
    pub metadata_dir_force: bool,
    #[command(flatten)]
    pub manner: MannerFlags,
}

/// How jobs are done
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(
    next_help_heading = "Sources, documents and videos (also columns, `ADT_…` variables and the configuration file)"
)]
pub(crate) struct MannerFlags {
    /// The documents' generation of aind-data-schema: v1 (as in 0.26.5) or v2 (2.x) [default: v1]
    #[arg(long, hide_short_help = true, value_name = "v1|v2", value_parser = word::<Schema>)]
    pub schema: Option<Schema>,
    /// The metadata service's language: auto (that of the schema, else the other one), v1 or v2 [default: auto]
    #[arg(long, hide_short_help = true, value_name = "auto|v1|v2", value_parser = word::<MetadataApi>)]
    pub metadata_api: Option<MetadataApi>,
    /// When a metadata service is named and neither it nor `metadata_dir` has a document: require (the job stops before any work) or allow (the asset does without) [default: require]
    #[arg(long, hide_short_help = true, value_name = "require|allow", value_parser = word::<MetadataMissing>)]
    pub metadata_missing: Option<MetadataMissing>,
    /// How behaviour videos are encrypted: aes256, or zipcrypto, which is weak and for readers of old files only [default: aes256]
    #[arg(long, hide_short_help = true, value_name = "aes256|zipcrypto", value_parser = word::<VideoEncryption>)]
    pub video_encryption: Option<VideoEncryption>,
    /// Documents as the Python original writes them, its mistakes included
    #[arg(long, hide_short_help = true)]
    pub strict_compat: bool,
    /// Symbolic links in source folders: follow (upload what they lead to), skip (leave them out and report them) or fail (refuse the job) [default: follow]
    ///
    /// Followed links may lead outside of the source. Dangling links and loops are left out and reported. No link leads into a
    /// `behavior_dir` of the list.
    #[arg(long, hide_short_help = true, value_name = "follow|skip|fail", value_parser = word::<SourceLinks>)]
    pub links: Option<SourceLinks>,
    /// Accept source folders that hold no file; otherwise such a job is refused
    #[arg(long, hide_short_help = true)]
    pub allow_empty: bool,
}

impl MannerFlags {
    /// The settings that are given, by their names.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, String)> {
        let text = |word: Option<&'static str>| word.map(str::to_owned);
        [
            ("schema", text(self.schema.map(Schema::as_str))),
            ("metadata_api", text(self.metadata_api.map(MetadataApi::as_str))),
            ("metadata_missing", text(self.metadata_missing.map(MetadataMissing::as_str))),
            ("video_encryption", text(self.video_encryption.map(VideoEncryption::as_str))),
            ("strict_compat", self.strict_compat.then(|| "true".to_owned())),
            ("links", text(self.links.map(SourceLinks::as_str))),
            ("allow_empty", self.allow_empty.then(|| "true".to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// What happens to links in the source of a command without a job list
#[derive(Clone, Copy, Debug, Default, ClapArgs)]
pub(crate) struct OfSource {
    /// Symbolic links in the source folder: follow (read what they lead to), skip (leave them out and report them) or fail (refuse the source) [default: follow]
    ///
    /// Followed links may lead outside of the source. Dangling links and loops are left out and reported, and so is a link to the
    /// destination. Also `ADT_LINKS` and the setting `links`.
    #[arg(long, hide_short_help = true, value_name = "follow|skip|fail", value_parser = word::<SourceLinks>)]
    pub links: Option<SourceLinks>,
}

impl OfSource {
    /// The flag, else the setting.
    pub(crate) fn links_or(self, setting: SourceLinks) -> SourceLinks {
        self.links.unwrap_or(setting)
    }
}

/// A word of one of the model's lists.
fn word<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "is none of the words that can stand here".to_owned())
}

/// One job given by flags, as the Python original's `basic_job`
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "One job from the command line (instead of a list)")]
pub(crate) struct Single {
    /// `YYYY-MM-DD HH:MM:SS` or `M/D/YYYY h:MM:SS AM`
    #[arg(short, long, value_name = "TIME", hide_short_help = true)]
    pub acq_datetime: Option<String>,
    /// A bucket's bare name (S3), or a location: `s3://bucket/prefix`, `file:///folder`
    #[arg(short = 'b', long, value_name = "BUCKET", hide_short_help = true)]
    pub s3_bucket: Option<String>,
    /// The rig's kind, such as `SmartSPIM`
    #[arg(short = 'e', long, value_name = "NAME", hide_short_help = true)]
    pub platform: Option<String>,
    /// A JSON list: `[{"modality": "SPIM", "source": "/data/x", "compress_raw_data": true}]`
    #[arg(short, long, value_name = "JSON", hide_short_help = true)]
    pub modalities: Option<String>,
    /// A JSON object of endpoints, or the name of an AWS parameter that holds one
    #[arg(short = 'p', long, value_name = "JSON|NAME", hide_short_help = true)]
    pub endpoints_parameters: Option<String>,
    /// The animal's number or name
    #[arg(short, long, value_name = "ID", hide_short_help = true)]
    pub subject_id: Option<String>,
    /// Build the asset in a fresh folder below this one first
    #[arg(short = 'n', long, value_name = "FOLDER", hide_short_help = true, value_hint = ValueHint::DirPath)]
    pub temp_directory: Option<String>,
    /// Behaviour data: left out of every modality, sent below `behavior/` with its videos (.mp4, .mov, .wmv, .avi) encrypted
    #[arg(short = 'v', long, value_name = "FOLDER", hide_short_help = true, value_hint = ValueHint::DirPath)]
    pub behavior_dir: Option<String>,
    /// A folder whose `*.json` files belong to the asset
    #[arg(short = 'x', long, value_name = "FOLDER", hide_short_help = true, value_hint = ValueHint::DirPath)]
    pub metadata_dir: Option<String>,
    /// The lab's own processing capsule, which the pipeline runs
    #[arg(short = 'i', long, value_name = "ID", hide_short_help = true)]
    pub codeocean_process_capsule_id: Option<String>,
}

/// What a run takes from the machine and how patient it is
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Settings (also `ADT_…` variables and the configuration file)")]
pub(crate) struct Tuning {
    /// Threads that compress [default: all cores]
    #[arg(long, hide_short_help = true, value_name = "N")]
    pub cpus: Option<String>,
    /// Most requests at once to one destination [default: 32]
    #[arg(long, hide_short_help = true, value_name = "N")]
    pub lanes: Option<String>,
    /// Data held in memory at once, such as `256MiB` [default: 96MiB, and beside it 64MiB for each thread that compresses recordings]
    #[arg(long, hide_short_help = true, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Jobs at once [default: 1]
    #[arg(long, value_name = "N")]
    pub parallel_jobs: Option<String>,
    /// Deflate level of zipped folders, 1 (fast) to 9 (small) [default: 6]
    #[arg(long, hide_short_help = true, value_name = "LEVEL")]
    pub zip_level: Option<String>,
    /// How long a request is tried again before the job fails, such as `10m` [default: 3m]
    #[arg(long, hide_short_help = true, value_name = "DURATION")]
    pub retry_time: Option<String>,
    /// How long one request without a body may take, such as `2m` [default: 30s]
    #[arg(long, hide_short_help = true, value_name = "DURATION")]
    pub request_timeout: Option<String>,
    /// Sign the SHA-256 of every body also where TLS or loopback protects it
    #[arg(long, hide_short_help = true, action = ArgAction::SetTrue)]
    pub sign_payload: bool,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Run {
    #[command(flatten)]
    pub jobs: Jobs,
    #[command(flatten)]
    pub tuning: Tuning,
    /// After the first failed job, begin no other
    #[arg(long, help_heading = None, display_order = 90)]
    pub fail_fast: bool,
    /// Order the pipeline although an earlier order may have arrived. Look at Code Ocean first
    ///
    /// A pipeline is ordered once for each upload. If it is unknown whether an order arrived, the job fails and nothing is ordered
    /// again; look at Code Ocean, and use this flag only if nothing runs there.
    #[arg(long, help_heading = None, display_order = 91)]
    pub retrigger: bool,
    /// Never list or read the destination: for credentials that may only write
    ///
    /// Each object is proven by the answer to its own upload only: whether the asset exists already, and whether it is complete in the end, is
    /// not known. Not for jobs that start a pipeline or write OME-Zarr.
    #[arg(long, help_heading = None, display_order = 92)]
    pub no_list: bool,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct History {
    /// An asset's name or a part of it; with one match its attempts and steps are shown too
    pub job: Option<String>,
    /// Only jobs whose last attempt failed
    #[arg(long)]
    pub failed: bool,
    /// At most so many jobs, the newest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// Everything that can be set
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Shown {
    #[command(flatten)]
    pub tuning: Tuning,
    #[command(flatten)]
    pub manner: MannerFlags,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Decrypt {
    /// Encrypted zips
    #[arg(required = true, value_name = "FILE.zip", value_hint = ValueHint::FilePath)]
    pub files: Vec<Utf8PathBuf>,
    /// Where the videos go; the folder is made when it is missing
    #[arg(short, long, value_name = "FOLDER", default_value = ".", value_hint = ValueHint::DirPath)]
    pub output: Utf8PathBuf,
    /// Where the password is: `env:NAME`, `file:PATH`, `ssm:/path`, `secretsmanager:name`; asked for when it is not given
    ///
    /// The password itself is not taken here: everybody on the machine can see a command line. Without this flag it is asked for on a
    /// terminal, or read as the first line of standard input.
    #[arg(short, long, value_name = "REFERENCE")]
    pub password: Option<String>,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Demo {
    /// Where to make the lab; a fresh or empty folder, or one that an earlier demo made
    #[arg(default_value = "adt-demo", value_hint = ValueHint::DirPath)]
    pub folder: Utf8PathBuf,
    /// Where its assets go
    #[arg(long, value_enum, default_value_t = DemoStore::S3)]
    pub store: DemoStore,
}

/// What the demo uploads to
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemoStore {
    /// An object store inside this program, on loopback
    #[default]
    S3,
    /// A folder
    Folder,
}
