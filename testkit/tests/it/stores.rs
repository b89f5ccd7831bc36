use adt_testkit::stores::Store;
use camino::Utf8Path;
use rstest::rstest;

#[rstest]
#[case::rclone(Store::Rclone)]
#[case::moto(Store::Moto)]
#[case::gcs(Store::Gcs)]
#[case::azurite(Store::Azurite)]
fn a_store_starts_with_a_bucket_and_ends_with_its_handle(#[case] store: Store) {
    let work = tempfile::tempdir().unwrap();
    let programs = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let running = store.start(&programs, Utf8Path::from_path(work.path()).unwrap()).unwrap();
    let address = running.endpoint.trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(running);
    assert!(std::net::TcpStream::connect(&address).is_err());
}
