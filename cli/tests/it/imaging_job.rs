//! A session of a microscope in a job list: its images become OME-Zarr, everything else stays beside them.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Job, Said, Tree, digest, under, unzipped, within, writes},
    imaging_session::{Microscope, Rule, nothing_is_left_over},
    lab::json,
};

const NAME: &str = "exaSPIM_714321_2024-05-06_07-08-09";
const TILE: &str = "tile_X_0000_Y_0000_Z_0000_ch_488.zarr";
const CONFIG: &str = "n_levels: 3\nchunk_shape: [1, 1, 16, 32, 32]\n";

impl Microscope {
    /// What `ZarrUploadJob` of the original takes.
    fn session() -> Self {
        let microscope = Self::new("session");
        microscope.desk.write("rig/session/derivatives/note.txt", "calm");
        microscope.desk.write("rig/session/exaSPIM/rig.log", "all is well");
        microscope
    }

    fn job(&self, config: &str) -> Job {
        let config = self.desk.write("config.yml", config);
        let job = Job::new().zip("SPIM", &self.session);
        job.with("platform", "exaspim").with("modality0.extra_configs", config)
    }

    fn asset(&self) -> Utf8PathBuf {
        self.desk.root.join("store/recordings").join(NAME)
    }

    fn plan(&self, job: &Job) -> Said {
        let list = self.desk.list(job);
        Said::of(&mut self.desk.adt(&["plan", list.as_str()]))
    }

    /// The session's files, without those whose names end so; no name ends with `/`.
    fn files(&self, but: &str) -> Tree {
        let mut tree = digest(&self.session);
        tree.retain(|key, _| !key.ends_with(but));
        tree
    }
}

#[test]
fn images_become_ome_zarr_and_other_files_lie_beside() {
    let microscope = Microscope::session();
    microscope.desk.run(microscope.job(CONFIG), &[]).ends(0);
    let container = microscope.asset().join("SPIM.ome.zarr");
    assert_eq!(microscope.check(&container, Rule::USUAL, &[]), "2 images, 6 levels");
    nothing_is_left_over(&container);

    let tree = digest(&microscope.asset());
    assert_eq!(within("SPIM", &tree), microscope.files(".tif"));
    let raw: Vec<_> = tree.keys().filter(|key| Utf8Path::new(key).extension() == Some("tif")).collect();
    assert_eq!(raw, [""; 0]);
    assert!(tree.contains_key("metadata.nd.json"));
}

#[test]
fn the_record_names_tiles_and_what_told_the_size_of_their_voxels() {
    let microscope = Microscope::session();
    microscope.desk.run(microscope.job(CONFIG), &[]).ends(0);
    let record = json(microscope.asset().join("processing.json"));
    let process = &record["processing_pipeline"]["data_processes"][0];
    assert_eq!(process["outputs"]["object"], "SPIM.ome.zarr");
    let tiles = &process["parameters"]["tiles"];
    assert_eq!(tiles.as_array().unwrap().len(), 2);
    assert_eq!(tiles[0]["group"], TILE);
    assert_eq!(tiles[0]["file"], "exaSPIM/tile_X_0000_Y_0000_Z_0000_ch_488.tif");
    assert_eq!(tiles[0]["voxel_from"][2], "acquisition.json");
    assert_eq!(tiles[0]["origin_from"], "acquisition.json");
    assert_eq!(tiles[0]["origin"][0].as_f64(), Some(30.0));
    assert_eq!(tiles[1]["voxel_from"][2], "acquisition.json");
    assert_eq!(tiles[1]["origin_from"], serde_json::Value::Null);
}

#[test]
fn the_command_wins_over_the_document_and_the_document_over_the_file() {
    let microscope = Microscope::session();
    microscope.desk.run(microscope.job(&format!("{CONFIG}voxel_size: [3, 2, 1.5]\n")), &[]).ends(0);
    let record = json(microscope.asset().join("processing.json"));
    let tile = &record["processing_pipeline"]["data_processes"][0]["parameters"]["tiles"][0];
    assert_eq!(tile["voxel_from"][0], "command");
    assert_eq!(tile["voxel"].to_string(), "[3.0,2.0,1.5]");
}

/// The state names the bucket that the data is in.
#[test]
fn a_link_for_neuroglancer_is_written_where_it_is_asked_for() {
    let microscope = Microscope::session();
    let config = format!("{CONFIG}create_ng_link: true\nng_vmax: 500\n");
    microscope.desk.run(microscope.job(&config), &[]).ends(0);
    let state = json(microscope.asset().join("process_output.json"));
    let link = format!("https://neuroglancer-demo.appspot.com/#!s3://recordings/{NAME}/process_output.json");
    assert_eq!(state["ng_link"], link);
    let layers = state["layers"].as_array().unwrap();
    assert_eq!(
        layers.iter().map(|layer| layer["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["CH_488", "CH_561"]
    );
    let source = format!("zarr://s3://recordings/{NAME}/SPIM.ome.zarr/{TILE}");
    assert_eq!(layers[0]["source"][0]["url"], source);
    assert_eq!(layers[0]["shaderControls"]["normalized"]["range"].to_string(), "[0,500]");
}

#[test]
fn a_session_may_be_zipped_instead() {
    let microscope = Microscope::session();
    let job = microscope.job("transform: zip\n");
    microscope.plan(&job).ends(0).says("zip ");
    microscope.desk.run(job, &[]).ends(0);
    let zip = microscope.asset().join("SPIM/session.zip");
    assert_eq!(
        unzipped(&zip, &microscope.desk.root.join("unzipped")),
        under("session", &microscope.files("/"))
    );
    assert!(!microscope.asset().join("SPIM.ome.zarr").exists());
}

#[test]
fn a_session_may_go_as_it_is() {
    let microscope = Microscope::session();
    let job = microscope.job("transform: none\n");
    microscope.plan(&job).ends(0).says("copy ");
    microscope.desk.run(job, &[]).ends(0);
    assert_eq!(within("SPIM", &digest(&microscope.asset())), microscope.files("/"));
    assert!(!microscope.asset().join("SPIM.ome.zarr").exists());
}

/// As before there were images: the plan says why.
#[rstest]
#[case::no_image(&[("notes.txt", "calm")])]
#[case::broken(&[("notes.txt", "calm"), ("exaSPIM/tile.tif", "this is no TIFF")])]
fn a_session_without_a_readable_image_is_zipped(#[case] files: &[(&str, &str)]) {
    let microscope = Microscope::new("nothing");
    for (name, text) in files {
        microscope.desk.write(&format!("rig/session/{name}"), text);
    }
    let job = Job::new().with("platform", "exaspim").zip("SPIM", &microscope.session);
    let said = microscope.plan(&job).ends(0).says("zip ");
    if files.len() > 1 {
        said.says("tile.tif");
    }
    microscope.desk.run(job, &[]).ends(0);
    let zip = microscope.asset().join("SPIM/session.zip");
    assert_eq!(
        unzipped(&zip, &microscope.desk.root.join("unzipped")),
        under("session", &digest(&microscope.session))
    );
}

#[test]
fn plan_and_rehearsal_say_what_would_be_written_and_write_nothing() {
    let microscope = Microscope::session();
    let job = microscope.job(CONFIG);
    let said = microscope.plan(&job).ends(0);
    said.says("to SPIM.ome.zarr/ as OME-Zarr")
        .says("`tile_X_0000_Y_0000_Z_0000_ch_488.zarr` of 1×1×37×50×73 uint16");
    let said = microscope.desk.run(&job, &["--dry-run"]).ends(0);
    said.says(TILE);
    assert!(!microscope.asset().exists());
    assert_eq!(writes(&microscope.desk.tally()), 0);
}

/// A second run finds everything done.
#[test]
fn a_job_that_is_done_sends_nothing_again() {
    let microscope = Microscope::session();
    let job = microscope.job(CONFIG);
    microscope.desk.run(&job, &[]).ends(0);
    let (before, sent) = (digest(&microscope.asset()), writes(&microscope.desk.tally()));
    microscope.desk.run(&job, &[]).ends(0);
    assert_eq!(digest(&microscope.asset()), before);
    assert_eq!(writes(&microscope.desk.tally()), sent);
}

/// One image that is broken: the others are there, the asset is not whole, and it is whole when the image is mended.
#[test]
fn a_broken_tile_stops_no_other() {
    let microscope = Microscope::session();
    let tile = microscope.session.join("exaSPIM/tile_X_0001_Y_0000_Z_0000_ch_561.tif");
    let whole = fs::read(&tile).unwrap();
    fs::write(&tile, &whole[..whole.len() / 2]).unwrap();
    let job = microscope.job(CONFIG);
    microscope.desk.run(&job, &[]).ends(1).says("tile_X_0001_Y_0000_Z_0000_ch_561.tif");
    let container = microscope.asset().join("SPIM.ome.zarr");
    assert!(container.join(TILE).join(".zattrs").exists());
    assert!(!container.join("tile_X_0001_Y_0000_Z_0000_ch_561.zarr").exists());
    assert!(!microscope.asset().join("metadata.nd.json").exists(), "the mark of a whole asset");

    fs::write(&tile, &whole).unwrap();
    microscope.desk.run(&job, &[]).ends(0);
    assert_eq!(microscope.check(&container, Rule::USUAL, &[]), "2 images, 6 levels");
    assert!(microscope.asset().join("metadata.nd.json").exists());
    nothing_is_left_over(&container);
}
