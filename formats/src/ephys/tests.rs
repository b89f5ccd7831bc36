use adt_model::{Class, Idle};
use camino::Utf8Path;
use rstest::rstest;

use super::{holds_samples, open};
use crate::folder::Rules;

#[rstest]
#[case::older_open_ephys("100_CH1.continuous", "older format of Open Ephys")]
#[case::intan("day_240318_101010.rhd", "Intan's format (`.rhd`)")]
#[case::intan_stimulation("a/day.RHS", "Intan's format (`.rhs`)")]
#[case::nwb("experiment1.nwb", "in the NWB format, which adt does not read")]
#[case::onix("np2-a-amplifier_0.raw", "the raw format of ONIX")]
#[case::onix_clock("rhd2164-clock_0.raw", "the raw format of ONIX")]
#[case::blackrock("day.ns6", "Blackrock")]
#[case::another_raw_file("photo.raw", "`structure.oebin`")]
#[case::kilosort("temp_wh.bin", "`structure.oebin`")]
#[case::a_description_of_another_program("texture.meta", "`structure.oebin`")]
fn other_formats_are_refused_by_their_names(#[case] file: &str, #[case] says: &str) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
    std::fs::write(root.join(file), b"guid: 3\n").unwrap();
    let fault = open(root, &Rules::default(), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Missing);
    let said = format!("{} {}", fault.line(), fault.advice().unwrap_or_default());
    assert!(
        said.contains("no recording of Open Ephys (binary format) or SpikeGLX") && said.contains(says),
        "{said}"
    );
}

#[rstest]
#[case("continuous.dat", true)]
#[case("run_g0_t0.imec0.ap.bin", true)]
#[case("run_g0_t0.nidq.bin", true)]
#[case("run_g0_t0.obx0.obx.bin", true)]
#[case("run_g0_t0.imec0.ap.meta", false)]
#[case("temp_wh.bin", false)]
#[case("other.dat", false)]
fn files_with_samples(#[case] name: &str, #[case] expected: bool) {
    assert_eq!(holds_samples(name), expected);
}
