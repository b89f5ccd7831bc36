//! A draft becomes a job: every text is read, every path is looked at, and every problem is kept.

use std::{collections::HashMap, str::FromStr};

use adt_model::{
    About, Endpoints, JobSpec, Key, Manner, MetadataApi, MetadataMissing, Modality, ModalitySpec, Origin,
    People, Problem, ProblemKind, Schema, SecretRef, SourceLinks, VideoEncryption,
};
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    Overrides, Row, cell,
    damage::{Kind, damage},
    draft::{Cells, Draft, Form, ModalityDraft, Written, Wrong},
    field::{self, Field, Nested, Part},
    path::{self, Found},
    people, secret,
};

/// What the original calls whoever ran a job that does not say.
const PROCESSOR: &str = "service";

pub(crate) fn row(draft: Draft, cwd: &Utf8Path, over: &Overrides) -> Row {
    let Draft { origin, form, mut fields, mut modalities, problems } = draft;
    let mut reader = Reader { origin, form, cwd, over, problems, lacks: false };
    reader.leave_out_damage(&mut fields, Field::kind);
    for modality in &mut modalities {
        reader.leave_out_damage(&mut modality.cells, Part::kind);
    }
    let spec = reader.job(&fields, &modalities);
    let Reader { origin, problems, lacks, .. } = reader;
    let misread = lacks || problems.iter().any(|p| p.kind == ProblemKind::Written);
    let mut once: Vec<Problem> = Vec::with_capacity(problems.len());
    for problem in problems {
        // One cell that serves several modalities is wrong once.
        if !once.contains(&problem) {
            once.push(problem);
        }
    }
    Row { origin, spec: spec.filter(|_| !misread), problems: once }
}

/// Reads only what a draft says about the services around a job.
pub(crate) fn endpoints(draft: Draft, cwd: &Utf8Path) -> (Endpoints, Vec<Problem>) {
    let Draft { origin, form, mut fields, problems, .. } = draft;
    let mut reader = Reader { origin, form, cwd, over: &Overrides::default(), problems, lacks: false };
    reader.leave_out_damage(&mut fields, Field::kind);
    let endpoints = reader.endpoints(&fields);
    (endpoints, reader.problems)
}

struct Reader<'a> {
    origin: Origin,
    form: Form,
    cwd: &'a Utf8Path,
    over: &'a Overrides,
    problems: Vec<Problem>,
    /// Something needed is not there, and another problem says so.
    lacks: bool,
}

impl Reader<'_> {
    /// Reads everything before it gives up on anything.
    fn job(&mut self, fields: &Cells<Field>, modalities: &[ModalityDraft]) -> Option<JobSpec> {
        let destination = self.required(fields, Field::S3Bucket, cell::BUCKET_FORM, cell::bucket);
        let platforms = cell::platforms();
        let platform = self.required(fields, Field::Platform, &platforms, cell::platform);
        let subject_id = self.required(fields, Field::SubjectId, cell::SUBJECT_FORM, cell::subject_id);
        let acq_datetime = self.required(fields, Field::AcqDatetime, cell::DATE_FORM, cell::acq_datetime);
        let modalities = self.modalities(modalities);
        let temp_directory = self.folder(fields.get(Field::TempDirectory), ProblemKind::World);
        let behavior_dir = self.folder(fields.get(Field::BehaviorDir), ProblemKind::SourceMissing);
        let metadata_dir = self.folder(fields.get(Field::MetadataDir), ProblemKind::World);
        let over = self.over;
        let metadata_dir_force = self.switch(fields.get(Field::MetadataDirForce), over.metadata_dir_force);
        let dry_run = self.switch(fields.get(Field::DryRun), over.dry_run);
        let force_cloud_sync = self.switch(fields.get(Field::ForceCloudSync), over.force_cloud_sync);
        let log_level = self.read(fields.get(Field::LogLevel), cell::log_level);
        let processor_name = text(fields, Field::ProcessorName);
        let process_name = self.read(fields.get(Field::ProcessName), cell::process_name);
        let project_name = text(fields, Field::ProjectName);
        let people = self.people(fields);
        let about = self.about(fields).or(&self.over.about);
        let manner = self.manner(fields);
        let endpoints = self.endpoints(fields);
        Some(JobSpec {
            origin: self.origin.clone(),
            destination: destination?,
            platform: platform?,
            subject_id: subject_id?,
            acq_datetime: acq_datetime?,
            modalities,
            temp_directory,
            behavior_dir,
            private: Vec::new(),
            metadata_dir,
            metadata_dir_force: metadata_dir_force.unwrap_or(false),
            dry_run: dry_run.unwrap_or(false),
            force_cloud_sync: force_cloud_sync.unwrap_or(false),
            log_level: log_level.unwrap_or_default(),
            processor_name: processor_name.unwrap_or_else(|| PROCESSOR.to_owned()),
            process_name: process_name.unwrap_or_default(),
            project_name,
            people,
            about,
            manner,
            endpoints,
        })
    }

    /// Complains about texts that nobody wrote, and takes them out. Cells whose text is not shown are looked at like all others: what is
    /// behind a secret in its row may be an address with a password inside.
    fn leave_out_damage<K: Ord + Copy>(&mut self, cells: &mut Cells<K>, kind: impl Fn(K) -> Kind) {
        let damaged: Vec<_> = cells
            .iter()
            .filter_map(|(key, cell)| {
                let text = if kind(key) == Kind::Path { path::bare(&cell.text) } else { &cell.text };
                Some((key, cell.problem(&self.origin, damage(text, kind(key))?, ProblemKind::Written)))
            })
            .collect();
        for (key, problem) in damaged {
            self.problems.push(problem);
            cells.remove(key);
            cells.excuse(key);
        }
    }

    fn people(&mut self, fields: &Cells<Field>) -> People {
        let investigators = self.read(fields.get(Field::Investigators), people::investigators);
        let funding = self.read(fields.get(Field::FundingSource), people::funding);
        People { investigators: investigators.unwrap_or_default(), funding: funding.unwrap_or_default() }
    }

    /// Whether the schema knows the words is found out when the document is made, before anything is sent.
    fn about(&mut self, fields: &Cells<Field>) -> About {
        About {
            institution: text(fields, Field::Institution),
            license: text(fields, Field::License),
            group: text(fields, Field::Group),
            tags: self.read(fields.get(Field::Tags), people::tags).unwrap_or_default(),
            restrictions: text(fields, Field::Restrictions),
            inherited: Vec::new(),
        }
    }

    /// A flag wins over the cell, the cell over the settings.
    fn manner(&mut self, fields: &Cells<Field>) -> Manner {
        let (flags, defaults) = (self.over.manner, self.over.defaults);
        let schema = self.word(fields, Field::Schema, Schema::WORDS);
        let api = self.word(fields, Field::MetadataApi, MetadataApi::WORDS);
        let missing = self.word(fields, Field::MetadataMissing, MetadataMissing::WORDS);
        let encryption = self.word(fields, Field::VideoEncryption, VideoEncryption::WORDS);
        let strict = self.switch(fields.get(Field::StrictCompat), flags.strict_compat);
        let links = self.word(fields, Field::Links, SourceLinks::WORDS);
        let allow_empty = self.switch(fields.get(Field::AllowEmpty), flags.allow_empty);
        Manner {
            schema: flags.schema.or(schema).unwrap_or(defaults.schema),
            metadata_api: flags.metadata_api.or(api).unwrap_or(defaults.metadata_api),
            metadata_missing: flags.metadata_missing.or(missing).unwrap_or(defaults.metadata_missing),
            video_encryption: flags.video_encryption.or(encryption).unwrap_or(defaults.video_encryption),
            strict_compat: strict.unwrap_or(defaults.strict_compat),
            links: flags.links.or(links).unwrap_or(defaults.links),
            allow_empty: allow_empty.unwrap_or(defaults.allow_empty),
        }
    }

    fn word<T: FromStr<Err = ()>>(
        &mut self,
        fields: &Cells<Field>,
        field: Field,
        words: &[&'static str],
    ) -> Option<T> {
        self.read(fields.get(field), |text| cell::word(text, words))
    }

    /// What a job says itself is kept beside the parameter's name: the job wins over the parameter.
    fn endpoints(&mut self, fields: &Cells<Field>) -> Endpoints {
        let text = |field| text(fields, field);
        Endpoints {
            aws_param_store_name: self.read(fields.get(Field::AwsParamStoreName), cell::parameter_name),
            codeocean_domain: text(Field::CodeoceanDomain),
            codeocean_trigger_capsule_id: text(Field::TriggerCapsuleId),
            codeocean_trigger_capsule_version: text(Field::TriggerCapsuleVersion),
            codeocean_process_capsule_id: text(Field::ProcessCapsuleId),
            metadata_service_domain: text(Field::MetadataServiceDomain),
            aind_data_transfer_repo_location: text(Field::RepoLocation),
            video_encryption_password: self.secret(fields, &field::VIDEO_PASSWORD),
            codeocean_api_token: self.secret(fields, &field::API_TOKEN),
        }
    }

    /// A secret is said by itself or by its path, not by both.
    fn secret(&mut self, fields: &Cells<Field>, nested: &Nested) -> Option<SecretRef> {
        let cwd = self.cwd;
        let (own, path) = (fields.get(nested.secret), fields.get(nested.path));
        if let (Some(own), Some(path)) = (own, path) {
            let what = format!("stands beside `{}`, which says the same secret", own.column);
            let wrong = Wrong::new(what, "fill in only one of them");
            self.problems.push(path.problem(&self.origin, wrong, ProblemKind::Written));
        }
        let own = self.read(own, |text| secret::reference(text, cwd));
        let path = self.read(path, |text| secret::nested(text, nested.key));
        own.or(path)
    }

    /// Folders are numbered by what the modality is, not by how it was typed: `ecephys`, `ecephys1`, `ecephys2`.
    fn modalities(&mut self, drafts: &[ModalityDraft]) -> Vec<ModalitySpec> {
        let mut seen: HashMap<Modality, u32> = HashMap::new();
        let mut specs = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let Some(modality) = self.modality_name(draft) else {
                self.parts(draft, false);
                continue;
            };
            let before = seen.entry(modality).or_insert(0);
            let number = if *before == 0 { String::new() } else { before.to_string() };
            *before += 1;
            let parts = self.parts(draft, modality.compresses_by_default());
            let folder = Key::parse(format!("{modality}{number}"))
                .expect("abbreviations are not empty and hold no slash");
            let Some((source, source_column)) = parts.source else { continue };
            specs.push(ModalitySpec {
                modality,
                folder,
                source,
                source_column,
                compress_raw_data: parts.compress_raw_data,
                skip_staging: parts.skip_staging,
                extra_configs: parts.extra_configs,
            });
        }
        specs
    }

    fn modality_name(&mut self, draft: &ModalityDraft) -> Option<Modality> {
        let name = draft.cells.get(Part::Modality);
        if name.is_none() {
            let valid = cell::one_of("", Modality::all().map(Modality::abbreviation));
            let excused = draft.cells.is_excused(Part::Modality);
            self.missing(excused, format!("{}.modality", draft.at), "a value is needed", valid);
        }
        self.read(name, cell::modality)
    }

    fn parts(&mut self, draft: &ModalityDraft, compress: bool) -> Parts {
        let cells = &draft.cells;
        let source = cells.get(Part::Source);
        if source.is_none() {
            let what = format!("no source folder for `{}`", draft.at);
            let excused = cells.is_excused(Part::Source);
            self.missing(excused, format!("{}.source", draft.at), &what, draft.source_advice.clone());
        }
        let path = self.folder(source, ProblemKind::SourceMissing);
        let over = self.over;
        Parts {
            source: source.and_then(|cell| Some((path?, cell.column.clone()))),
            compress_raw_data: self
                .switch(cells.get(Part::CompressRawData), over.compress_raw_data)
                .unwrap_or(compress),
            skip_staging: self.switch(cells.get(Part::SkipStaging), over.skip_staging).unwrap_or(false),
            extra_configs: self.file(cells.get(Part::ExtraConfigs)),
        }
    }

    fn read<T>(&mut self, cell: Option<&Written>, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let cell = cell?;
        match parse(&cell.text) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.problems.push(cell.problem(&self.origin, wrong, ProblemKind::Written));
                None
            }
        }
    }

    fn required<T>(
        &mut self,
        fields: &Cells<Field>,
        field: Field,
        form: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        if fields.get(field).is_none() {
            let column = self.form.shown(field);
            self.missing(fields.is_excused(field), column, "a value is needed", form.to_owned());
        }
        self.read(fields.get(field), parse)
    }

    fn missing(&mut self, excused: bool, column: String, what: &str, valid: String) {
        self.lacks = true;
        if !excused {
            let written = Written { column, text: String::new(), hidden: true };
            self.problems.push(written.problem(&self.origin, Wrong::new(what, valid), ProblemKind::Written));
        }
    }

    /// A flag wins over the cell; the cell is read all the same, so that nothing wrong in it goes unsaid.
    fn switch(&mut self, cell: Option<&Written>, flag: bool) -> Option<bool> {
        let written = self.read(cell, cell::switch);
        if flag { Some(true) } else { written }
    }

    fn folder(&mut self, cell: Option<&Written>, missing: ProblemKind) -> Option<Utf8PathBuf> {
        Some(self.path(cell?, &Found::Folder, "folder", missing))
    }

    fn file(&mut self, cell: Option<&Written>) -> Option<Utf8PathBuf> {
        Some(self.path(cell?, &Found::File, "file", ProblemKind::World))
    }

    /// The absolute path, whether or not the right thing stands there.
    fn path(&mut self, cell: &Written, wanted: &Found, noun: &str, missing: ProblemKind) -> Utf8PathBuf {
        let typed = match path::typed(&cell.text) {
            Ok(typed) => typed,
            Err(wrong) => {
                self.problems.push(cell.problem(&self.origin, wrong, ProblemKind::Written));
                return Utf8PathBuf::new();
            }
        };
        let path = path::absolute(self.cwd, &typed);
        let found = path::look(&path);
        if found == *wanted {
            return path;
        }
        let place = if cell.hidden { "this path".to_owned() } else { format!("`{path}`") };
        let (what, kind) = match found {
            Found::Nothing => (format!("no {noun} at {place}"), missing),
            Found::Unknown(why) => (format!("{place} cannot be looked at: {why}"), ProblemKind::World),
            Found::Folder => (format!("{place} is a folder, not a {noun}"), ProblemKind::World),
            Found::File => (format!("{place} is a file, not a {noun}"), ProblemKind::World),
            Found::Other => (format!("{place} is not a {noun}"), ProblemKind::World),
        };
        let valid = if typed.starts_with('~') {
            "`~` is taken as a name here; write the whole path".to_owned()
        } else if path::is_of_windows(&typed) {
            format!(
                "this is a path of Windows; write the {noun} as this computer sees it, such as `/mnt/data/…`"
            )
        } else {
            format!("give the path of an existing {noun}")
        };
        self.problems.push(cell.problem(&self.origin, Wrong::new(what, valid), kind));
        path
    }
}

/// Text that may be anything.
fn text(fields: &Cells<Field>, field: Field) -> Option<String> {
    fields.get(field).map(|cell| cell.text.trim().to_owned())
}

struct Parts {
    /// The folder, and the name it was written under.
    source: Option<(Utf8PathBuf, String)>,
    compress_raw_data: bool,
    skip_staging: bool,
    extra_configs: Option<Utf8PathBuf>,
}
