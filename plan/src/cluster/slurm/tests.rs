use rstest::rstest;

use super::*;

fn request(layout: Layout) -> Request {
    Request {
        layout,
        nodes: 2,
        ntasks_per_node: 4,
        cpus_per_task: 3,
        mem_per_cpu: 500,
        tmp_space: "512MB".into(),
        walltime: "00:10:00".into(),
        queue: "aind".into(),
        mail_user: None,
        prologue: vec!["module load adt".into()],
        sif: None,
        run: "/home/it's me/100% runs".into(),
        program: "/opt/a tool/adt".into(),
        rounds: 3,
        parallel: 8,
    }
}

fn chain() -> Chain {
    Chain {
        name: "SmartSPIM_1".into(),
        destination: "s3://bucket/it's \"one\" $(x)".into(),
        shards: 64,
        stages: 2,
        run_flag: "/home/it's me/100% runs".into(),
        digest: String::new(),
        roots: Vec::new(),
        end: Vec::new(),
    }
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line `{line}` in:\n{text}");
}

#[test]
fn a_step_is_one_script_with_all_stages_and_the_end() {
    let scripts = scripts(&request(Layout::Step), &chain(), 1).unwrap();
    let [script] = scripts.as_slice() else { panic!("{scripts:?}") };
    assert_eq!((script.name.as_str(), script.after, &script.array), ("job-01.sh", None, &None));
    for line in [
        "#SBATCH --job-name=job-01",
        "#SBATCH --partition=aind",
        "#SBATCH --nodes=2",
        "#SBATCH --ntasks-per-node=4",
        "#SBATCH --cpus-per-task=3",
        "#SBATCH --mem-per-cpu=500M",
        "#SBATCH --tmp=512MB",
        "#SBATCH --time=00:10:00",
        r#"#SBATCH --output="/home/it's me/100%% runs/logs/%x-%j.out""#,
        "#SBATCH --requeue",
        "#SBATCH --open-mode=append",
        "#SBATCH --signal=TERM@120",
        "module load adt",
        "export SLURM_CPUS_PER_TASK=3 SRUN_CPUS_PER_TASK=3",
        r#"work=('/opt/a tool/adt' work 's3://bucket/it'\''s "one" $(x)' --run '/home/it'\''s me/100% runs')"#,
        "for number in 0 1; do",
    ] {
        has(&script.text, line);
    }
    assert!(!script.text.contains("kill-on-invalid-dep"));
    assert!(!script.text.contains("mail"));
}

#[test]
fn an_array_is_a_script_for_each_stage_and_one_for_the_end() {
    let scripts = scripts(&request(Layout::Array), &chain(), 12).unwrap();
    let shape: Vec<_> = scripts.iter().map(|s| (s.name.as_str(), s.after, s.array.as_deref())).collect();
    assert_eq!(
        shape,
        [
            ("job-12-stage-0.sh", None, Some("0-63%8")),
            ("job-12-stage-1.sh", Some(0), Some("0-63%8")),
            ("job-12-finish.sh", Some(1), None),
        ]
    );
    let element = &scripts[1].text;
    for line in [
        "#SBATCH --array=0-63%8",
        "#SBATCH --nodes=1",
        "#SBATCH --ntasks-per-node=1",
        "#SBATCH --cpus-per-task=3",
        "#SBATCH --kill-on-invalid-dep=yes",
        r#"#SBATCH --output="/home/it's me/100%% runs/logs/%x-%A_%a.out""#,
        r#"srun --nodes=1 --ntasks=1 "${work[@]}" --stage 1 --shard "$SLURM_ARRAY_TASK_ID/64" || leave $?"#,
        r#"    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}""#,
    ] {
        has(element, line);
    }
    assert!(!scripts[0].text.contains("kill-on-invalid-dep"));
    has(&scripts[2].text, "#SBATCH --cpus-per-task=12");
    has(&scripts[2].text, "#SBATCH --kill-on-invalid-dep=yes");
}

#[test]
fn what_is_not_asked_for_is_left_to_the_cluster() {
    let mut request = request(Layout::Array);
    (request.queue, request.tmp_space, request.parallel) = (String::new(), String::new(), 0);
    request.mail_user = Some("me@example.org".into());
    let alone = Chain { stages: 0, run_flag: String::new(), ..chain() };
    let finish = &scripts(&request, &alone, 0).unwrap()[0];
    assert_eq!((finish.name.as_str(), finish.after), ("job-00-finish.sh", None));
    for word in ["--partition", "--tmp", "--run", "kill-on-invalid-dep"] {
        assert!(!finish.text.contains(word), "{word}");
    }
    has(&finish.text, "#SBATCH --mail-user=me@example.org");
    assert_eq!(scripts(&request, &chain(), 0).unwrap()[0].array.as_deref(), Some("0-63"));
}

#[test]
fn an_image_has_its_own_program() {
    let request = Request { sif: Some("/images/a tool.sif".into()), ..request(Layout::Step) };
    let script = &scripts(&request, &chain(), 0).unwrap()[0];
    assert!(script.text.contains("work=(apptainer exec '/images/a tool.sif' adt work "), "{}", script.text);
}

#[test]
fn a_command_of_a_person_is_run_as_it_is() {
    let script = command_script(&request(Layout::Array), "hostname | sort > 'a b'").unwrap();
    assert_eq!(script.name, "command.sh");
    has(&script.text, "srun hostname | sort > 'a b'");
    has(&script.text, "#SBATCH --nodes=2");
}

#[rstest]
#[case::queue(|r: &mut Request, _: &mut Chain| r.queue = "a\n#SBATCH --uid=0".into(), "the queue")]
#[case::time(|r: &mut Request, _: &mut Chain| r.walltime = "1\r".into(), "the time limit")]
#[case::space(|r: &mut Request, _: &mut Chain| r.tmp_space = "1\0".into(), "temporary files")]
#[case::mail(|r: &mut Request, _: &mut Chain| r.mail_user = Some("a\nb".into()), "the mail address")]
#[case::run(|r: &mut Request, _: &mut Chain| r.run = "/a\nb".into(), "the run folder")]
#[case::backslash(|r: &mut Request, _: &mut Chain| r.run = r"/a\b".into(), "backslash")]
#[case::image(|r: &mut Request, _: &mut Chain| r.sif = Some("a\nb".into()), "the image")]
#[case::prologue(|r: &mut Request, _: &mut Chain| r.prologue.push("a\0".into()), "prologue")]
#[case::name(|_: &mut Request, c: &mut Chain| c.name = "a\nreboot".into(), "the name")]
#[case::destination(|_: &mut Request, c: &mut Chain| c.destination = "a\nb".into(), "the destination")]
#[case::nobody(|_: &mut Request, c: &mut Chain| c.shards = 0, "in 0 shares")]
fn what_would_break_out_of_its_line_is_refused(
    #[case] spoil: fn(&mut Request, &mut Chain),
    #[case] what: &str,
) {
    let (mut request, mut chain) = (request(Layout::Array), chain());
    spoil(&mut request, &mut chain);
    let fault = scripts(&request, &chain, 0).unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
    assert!(fault.line().contains(what), "{}", fault.line());
}

#[cfg(unix)]
mod run {
    use std::{
        fs,
        os::unix::fs::PermissionsExt as _,
        path::Path,
        process::{Command, Output},
    };

    use super::*;

    /// `srun` on two tasks, one after the other, or on one; it ends with the highest code.
    const SRUN: &str = r#"#!/bin/bash
echo "srun ${*//*adt/adt}" >>"$LOG.srun"
tasks=2
while [[ $1 == -* ]]; do [[ $1 == --ntasks=1 ]] && tasks=1; shift; done
export SLURM_STEP_NUM_TASKS=$tasks SLURM_PROCID code=0
for ((SLURM_PROCID = 0; SLURM_PROCID < tasks; SLURM_PROCID++)); do
  "$@"; got=$?; ((got > code)) && code=$got
done
exit $code
"#;

    /// `adt`, which notes its words and ends with the next code of its list.
    const ADT: &str = r#"#!/bin/bash
printf '%s|' "$@" >>"$LOG"; echo >>"$LOG"
case "$*" in *--check*) list=$CHECKS ;; *--finish*) list=$FINISH ;; *) list=$CODES ;; esac
seen=$(cat "$LOG.${list// /_}.n" 2>/dev/null || echo 0)
echo $((seen + 1)) >"$LOG.${list// /_}.n"
codes=($list)
exit "${codes[seen]:-0}"
"#;

    const SCONTROL: &str = "#!/bin/bash\necho \"scontrol $*\" >>\"$LOG\"\n";

    fn program(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What a script makes of these codes: its own code, and what it called.
    fn ran(script: usize, layout: Layout, codes: [&str; 3], restarts: &str) -> (i32, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("b in");
        fs::create_dir(&bin).unwrap();
        program(&bin, "srun", SRUN);
        program(&bin, "adt", ADT);
        program(&bin, "scontrol", SCONTROL);
        let mut request = request(layout);
        request.program = bin.join("adt").to_str().unwrap().into();
        request.prologue = vec![": \"$not_set\"".into()];
        let script =
            scripts(&request, &Chain { run_flag: String::new(), ..chain() }, 0).unwrap().remove(script);
        let log = folder.path().join("log");
        let output = Command::new("bash")
            .args(["-c", &script.text])
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("LOG", &log)
            .envs([("CODES", codes[0]), ("CHECKS", codes[1]), ("FINISH", codes[2])])
            .envs([
                ("SLURM_CPUS_PER_TASK", "3"),
                ("SLURM_JOB_CPUS_PER_NODE", "12(x2)"),
                ("SLURM_JOB_ID", "7"),
            ])
            .envs([
                ("SLURM_ARRAY_JOB_ID", "5"),
                ("SLURM_ARRAY_TASK_ID", "9"),
                ("SLURM_RESTART_COUNT", restarts),
            ])
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{output:?}");
        let dst = chain().destination;
        let calls = fs::read_to_string(&log).unwrap().replace(&format!("work|{dst}|"), "");
        (output.status.code().unwrap(), calls.lines().map(str::to_owned).collect())
    }

    #[test]
    fn bash_reads_every_script() {
        let alone = Chain { stages: 0, ..chain() };
        for layout in [Layout::Step, Layout::Array] {
            for chain in [chain(), alone.clone()] {
                for script in scripts(&request(layout), &chain, 0).unwrap() {
                    let Output { status, stderr, .. } =
                        Command::new("bash").args(["-n", "-c", &script.text]).output().unwrap();
                    assert!(status.success() && stderr.is_empty(), "{}\n{}", script.name, script.text);
                }
            }
        }
    }

    #[rstest]
    #[case::clean(["0 0", "0 0", "0"], "0", 0, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|", "--stage|0|--check|", "--stage|1|--shard|0/2|", "--stage|1|--shard|1/2|", "--stage|1|--check|", "--finish|"])]
    #[case::a_killed_task_is_made_good(["137 0 0 0 0 0", "75 0 0", "0"], "0", 0, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|", "--stage|0|--check|", "--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|", "--stage|0|--check|", "--stage|1|--shard|0/2|", "--stage|1|--shard|1/2|", "--stage|1|--check|", "--finish|"])]
    #[case::wrong_input_ends_at_once(["2 0", "75", "0"], "0", 2, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|"])]
    #[case::a_mistake_ends_at_once(["0 3", "75", "0"], "0", 3, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|"])]
    #[case::a_plan_that_is_gone_ends_at_once(["0 0", "2", "0"], "0", 2, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|", "--stage|0|--check|"])]
    #[case::interrupted_goes_back(["75 75", "75", "0"], "0", 75, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|", "--stage|0|--check|", "scontrol requeue 7"])]
    #[case::the_end_is_killed(["", "", "137"], "0", 137, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|", "--stage|0|--check|", "--stage|1|--shard|0/2|", "--stage|1|--shard|1/2|", "--stage|1|--check|", "--finish|", "scontrol requeue 7"])]
    #[case::the_end_is_incomplete(["", "", "75"], "3", 75, &["--stage|0|--shard|0/2|", "--stage|0|--shard|1/2|", "--stage|0|--check|", "--stage|1|--shard|0/2|", "--stage|1|--shard|1/2|", "--stage|1|--check|", "--finish|"])]
    fn a_step_goes_on_until_nothing_is_missing(
        #[case] codes: [&str; 3],
        #[case] restarts: &str,
        #[case] code: i32,
        #[case] calls: &[&str],
    ) {
        assert_eq!(
            ran(0, Layout::Step, codes, restarts),
            (code, calls.iter().map(|c| (*c).to_owned()).collect())
        );
    }

    #[rstest]
    #[case::that_fails(["1 1 1 1 1 1", "75 75 75", "0"], 1)]
    #[case::whose_tasks_are_killed(["137 137 137 137 137 137", "75 75 75", "0"], 1)]
    #[case::whose_items_stay_missing(["", "75 75 75", "0"], 75)]
    fn a_stage_gives_up_after_its_rounds(#[case] codes: [&str; 3], #[case] code: i32) {
        let (got, calls) = ran(0, Layout::Step, codes, "3");
        assert_eq!((got, calls.len()), (code, 9), "{calls:?}");
    }

    #[rstest]
    #[case::done("0", "0", 0, None)]
    #[case::interrupted("75", "2", 75, Some("scontrol requeue 5_9"))]
    #[case::interrupted_too_often("75", "3", 75, None)]
    #[case::killed("137", "2", 137, Some("scontrol requeue 5_9"))]
    #[case::killed_too_often("137", "3", 137, None)]
    #[case::failed("1", "0", 1, None)]
    fn an_element_does_its_share(
        #[case] codes: &str,
        #[case] restarts: &str,
        #[case] code: i32,
        #[case] then: Option<&str>,
    ) {
        let (got, calls) = ran(0, Layout::Array, [codes, "-", "-"], restarts);
        let expected: Vec<_> = std::iter::once("--stage|0|--shard|9/64|").chain(then).collect();
        assert_eq!((got, calls.iter().map(String::as_str).collect::<Vec<_>>()), (code, expected));
    }
}
